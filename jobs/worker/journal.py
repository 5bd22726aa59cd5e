"""The journal of one job under one lease, in PostgreSQL through the group-commit writer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from jobs.core.lease import Lease
from jobs.worker.writer import Writer
from solver import Charge, OpenCall, Submitted
from solver.core.errors import LeaseLost, ModelSuspended, SpendingStopped
from solver.core.request import Message
from solver.core.steps import StepKind, StepResult
from solver.text.extract import clean_text


class PostgresJournal:
    """See `solver.engine.journal.Journal`. What is passed by name the claim read before the execution began."""

    def __init__(
        self,
        writer: Writer,
        lease: Lease,
        *,
        told: Sequence[StepResult],
        attempts: Mapping[str, int],
        submitted: Sequence[Submitted] = (),
    ) -> None:
        self._writer = writer
        self._lease = lease
        self._told = told
        self._attempts = attempts
        self._submitted = submitted
        self._known_prompts: set[str] = set()
        self._digests: dict[tuple[Message, ...], str] = {}

    async def told(self) -> Sequence[StepResult]:
        """Return every told result in the order of telling, once: replies are not kept for the execution of the job."""
        told, self._told = self._told, ()
        return told

    async def attempts(self) -> Mapping[str, int]:
        """Return the highest attempt by step key."""
        return self._attempts

    async def submitted(self) -> Sequence[Submitted]:
        """Return the calls that earlier executions submitted and that are this one's to collect, once."""
        submitted, self._submitted = self._submitted, ()
        return submitted

    async def attach_reference(self, call: OpenCall, reference: str) -> None:
        """Commit the provider's reference of an open call. Raises LeaseLost."""
        if await self._write("refer", {"call": str(call.id), "reference": reference}) == "fenced":
            raise LeaseLost("Another worker took the job over.")

    async def open(self, call: OpenCall) -> bool:
        """Commit a call's hold. False: the money is not there. Raises LeaseLost and ModelSuspended."""
        step = call.step
        digest = self._digest(step.messages) if step.messages else ""
        data: dict[str, Any] = {
            "id": str(call.id),
            "escrow": self._lease.escrow_id,
            "workspace": self._lease.workspace_id,
            "key": step.key,
            "attempt": call.attempt,
            "model": step.model,
            "price": call.price_id,
            "hold_nano": call.hold_nano,
            "prompt_bytes": call.prompt_bytes,
            "max_output_tokens": call.max_output_tokens,
            "service": call.service,
            "kind": step.kind,
            "call_kind": "tool" if step.kind is StepKind.TOOL else "model",
            "purpose": step.purpose,
            "parents": list(step.parents),
            "subproblem": step.subproblem,
            "prompt_sha256": digest,
        }
        if step.messages and digest not in self._known_prompts:
            data["messages"] = [replace(m, content=clean_text(m.content)).to_json() for m in step.messages]
        outcome = await self._write("open", data)
        if outcome == "fenced":
            raise LeaseLost("Another worker took the job over.")
        if outcome == "suspended":
            raise ModelSuspended(f"{step.model} is suspended for now. The operator has been notified.")
        if outcome == "stopped":
            raise SpendingStopped(f"The operator has stopped calls to {step.model} for now.")
        if outcome not in {"held", "refused"}:
            raise RuntimeError(f"Attempt {call.attempt} at step {step.key} cannot be opened: {outcome}.")
        if outcome == "held":
            self._known_prompts.add(digest)
        return bool(outcome == "held")

    async def settle(self, call: OpenCall, result: StepResult, charge: Charge) -> StepResult:
        """Commit result and charge together. Raises LeaseLost."""
        usage = charge.usage
        data = {
            "id": str(call.id),
            "cost_nano": charge.cost_nano,
            "billed_nano": charge.billed_nano,
            "charged_nano": charge.charged_nano,
            "input": usage.input_tokens,
            "cache_read": usage.cache_read_tokens,
            "cache_write": usage.cache_write_tokens,
            "cache_write_1h": usage.cache_write_1h_tokens,
            "audio": usage.audio_tokens,
            "image": usage.image_tokens,
            "service_tier": usage.service,
            "served_model": charge.served_model,
            "output": usage.output_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
            "usage": charge.raw_usage,
            "usage_missing": charge.usage_missing,
            "provider_ref": charge.provider_ref,
            "kind": result.kind,
            "note": dict(result.note) if result.note is not None else None,
            "status": result.status,
            "text": result.text,
            "reasoning": result.reasoning,
            "answer": result.answer,
            "answer_key": result.answer_key,
            "verdict": result.verdict._asdict() if result.verdict else None,
            "finish_reason": result.finish_reason[:30],
            "tokens": result.tokens,
        }
        return self._placed(result, await self._write("settle", data))

    async def void(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Commit that the call was not executed. Raises LeaseLost."""
        await self._drop(call, "void", error, detail)

    async def doubt(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Commit that the call may have been executed. Raises LeaseLost."""
        await self._drop(call, "in_doubt", error, detail)

    async def tell(self, result: StepResult) -> StepResult:
        """Commit a result that cost nothing. Raises LeaseLost."""
        note = result.note
        data = {
            "key": result.key,
            "attempt": result.attempt,
            "kind": result.kind,
            "purpose": result.purpose,
            "parents": list(result.parents),
            "model": result.model,
            "status": result.status,
            "text": result.text,
            "answer": result.answer,
            "answer_key": result.answer_key,
            "verdict": result.verdict._asdict() if result.verdict else None,
            "note": dict(note) if note is not None else None,
            "seconds": note.get("seconds", 0) if note and not result.kind.calls_model else 0,
            "error": _short(result.error),
        }
        return self._placed(result, await self._write("tell", data))

    async def show(self, best: Mapping[str, Any], phase: str) -> None:
        """Show the best answer so far and the phase on the page; best effort."""
        await self._write("show", {"best": dict(best), "phase": phase[:120]})

    async def _drop(self, call: OpenCall, state: str, error: str, detail: str) -> None:
        data = {"call": str(call.id), "state": state, "error": _short(error), "detail": _short(detail)}
        if await self._write("drop", data) == "fenced":
            raise LeaseLost("Another worker took the job over.")

    async def _write(self, name: str, data: Mapping[str, Any]) -> Any:
        return await self._writer.write(name, self._lease.job_id, self._lease.token, data)

    def _placed(self, result: StepResult, seq: int | None) -> StepResult:
        if seq is None:
            raise LeaseLost("Another worker took the job over.")
        return replace(result, seq=seq)

    def _digest(self, messages: tuple[Message, ...]) -> str:
        known = self._digests.get(messages)
        if known is None:
            # As in earlier releases where nothing is shown.
            shown = [[picture.ref for picture in m.pictures] for m in messages if m.pictures]
            called = [
                [m.answers_call, *(asdict(call) for call in m.tool_calls)]
                for m in messages
                if m.answers_call or m.tool_calls
            ]
            said = [(m.role, m.content) for m in messages]
            text = json.dumps([*said, *([shown] if shown else []), *([called] if called else [])])
            known = self._digests[messages] = hashlib.sha256(text.encode()).hexdigest()
        return known


def _short(error: str) -> str:
    return clean_text(error)[:500]
