"""The chat templates (Jinja): how each model reads a conversation.

The reply depends on the problem's text alone, or on the problem, the candidates and the task:
the engine's instructions around them are for models that read prose.
"""

from __future__ import annotations

from typing import Final

from demo_model.training.tokenizer import ANSWER, CANDIDATE, PROBLEM, REASON, TASKS

CANDIDATE_CHARS: Final = 400  # the end of a longer candidate is read
MAX_CANDIDATES: Final = 4

# What stands between <problem> and </problem> in the last user message that has these tags, or
# else the whole last user message.
_FIND: Final = (
    "{%- set found = namespace(text='', tagged=false, message='') -%}"
    "{%- for message in messages -%}{%- if message['role'] == 'user' -%}"
    "{%- if '<problem>' in message['content'] -%}"
    "{%- set found.text = message['content'].split('<problem>')[-1].split('</problem>')[0] -%}"
    "{%- set found.message = message['content'] -%}"
    "{%- set found.tagged = true -%}"
    "{%- elif not found.tagged -%}{%- set found.text = message['content'] -%}{%- endif -%}"
    "{%- endif -%}{%- endfor -%}"
)

DIRECT_TEMPLATE: Final = _FIND + f"{{{{- '{PROBLEM}' + (found.text | trim) + '{ANSWER}' -}}}}"

# The thinker also reads the engine's tasks: a last line `Task: grade` and candidates after the
# problem. A critique is a grade: it names the wrong steps. A candidate may hold any text, tags
# too: the first <problem> is the engine's own, and so is the last `Task: `. Of a modular working
# only the answer is read: who sees a working copies it, errors and all, instead of working anew.
_TASK: Final = (
    "{%- set task = found.message.split('Task: ')[-1] | trim | replace('critique', 'grade') -%}"
    "{%- set blocks = found.message.split('<candidate>')[1:] -%}"
    f"{{%- if task not in {list(TASKS)} or not blocks -%}}"
    f"{{{{- '{PROBLEM}' + (found.text | trim) -}}}}"
    f"{{%- if at_once is defined and at_once -%}}{{{{- '{ANSWER}' -}}}}"
    f"{{%- else -%}}{{{{- '{REASON}' -}}}}{{%- endif -%}}"
    "{%- else -%}"
    "{%- set text = found.message.split('<problem>')[1].split('</problem>')[0] -%}"
    f"{{{{- '{PROBLEM}' + (text | trim) -}}}}"
    f"{{%- for block in blocks[:{MAX_CANDIDATES}] -%}}"
    "{%- set said = block.split('</candidate>')[0] | trim -%}"
    "{%- set said = said.split('\\n')[-1] if ' mod ' in said else said -%}"
    f"{{{{- '{CANDIDATE}' + (said[-{CANDIDATE_CHARS}:] | trim) -}}}}"
    "{%- endfor -%}"
    "{{- '<|' + task + '|>' -}}"
    "{%- endif -%}"
)

THINKER_TEMPLATE: Final = _FIND + _TASK


def as_read(candidate: str) -> str:
    """Return what the thinker's template reads of a candidate."""
    said = candidate.strip()
    if " mod " in said:
        said = said.split("\n")[-1]
    return said[-CANDIDATE_CHARS:].strip()


TEMPLATES: Final = {
    "intern": DIRECT_TEMPLATE,
    "expert": DIRECT_TEMPLATE,
    "thinker": THINKER_TEMPLATE,
}
