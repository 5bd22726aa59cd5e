#!/usr/bin/env bash
# Trains the demo models again, from nothing: about 75 minutes on two cores.
# MINUTES_INTERN and MINUTES_EXPERT shorten or lengthen it; PYTHON chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=.venv-train
out=var/demo_model
if [ ! -x "$environment/bin/python" ]; then
  "${PYTHON:-python3}" -m venv "$environment"
fi
"$environment/bin/pip" install --quiet -r demo_model/requirements-train.txt

# One core each; an interrupted run goes on from its last checkpoint.
nice -n 10 "$environment/bin/python" -m demo_model.train --model intern --minutes "${MINUTES_INTERN:-42}" --out "$out" &
intern=$!
nice -n 10 "$environment/bin/python" -m demo_model.train --model expert --minutes "${MINUTES_EXPERT:-71}" --out "$out" &
expert=$!
trap 'kill "$intern" "$expert" 2>/dev/null || true' EXIT
wait "$intern"
wait "$expert"
trap - EXIT

for model in intern expert; do
  "$environment/bin/python" -m demo_model.export --model "$model" \
    --checkpoint "$out/$model.pt" --out "demo_model/weights/$model.gguf"
  cp "$out/$model.train.jsonl" "demo_model/weights/$model.train.jsonl"
done
.venv/bin/python -m demo_model.evaluate
