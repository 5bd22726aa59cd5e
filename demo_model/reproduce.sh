#!/usr/bin/env bash
# Trains the demo models again, from nothing: about four hours on two cores.
# MINUTES_INTERN, MINUTES_EXPERT and MINUTES_THINKER shorten or lengthen it; PYTHON chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=.venv-train
out=var/demo_model
if [ ! -x "$environment/bin/python" ]; then
  "${PYTHON:-python3}" -m venv "$environment"
fi
"$environment/bin/pip" install --quiet -r demo_model/requirements-train.txt

# One core each; an interrupted run goes on from its last checkpoint.
nice -n 10 "$environment/bin/python" -m demo_model.training.train --model intern --minutes "${MINUTES_INTERN:-42}" --out "$out" &
intern=$!
nice -n 10 "$environment/bin/python" -m demo_model.training.train --model expert --minutes "${MINUTES_EXPERT:-71}" --out "$out" &
expert=$!
trap 'kill "$intern" "$expert" 2>/dev/null || true' EXIT
wait "$intern"
wait "$expert"
trap - EXIT

publish() {
  "$environment/bin/python" -m demo_model.training.export --model "$1" \
    --checkpoint "$out/$1.pt" --out "demo_model/weights/$1.gguf"
  cp "$out/$1.train.jsonl" "demo_model/weights/$1.train.jsonl"
}
publish intern
publish expert

# The thinker goes on from the expert, and learns from replies of both.
.venv/bin/python -m demo_model.training.candidates --out "$out/candidates.jsonl" --problems 2400
nice -n 10 "$environment/bin/python" -m demo_model.training.train --model thinker --minutes "${MINUTES_THINKER:-128}" --out "$out" \
  --muon-rate 0.004 --adam-rate 0.002
publish thinker

.venv/bin/python -m demo_model.evaluation.evaluate
