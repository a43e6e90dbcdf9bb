#!/bin/sh
# A campaign with GNU parallel, here or on machines of a --sshloginfile: plan, shards, merge.
# Usage: parallel.sh SCENARIO SHARDS [options of `driftlab campaign plan`]
set -eu
scenario=$1 shards=$2
shift 2
driftlab campaign plan "$scenario" "$@" --out plan.json
seq 0 $((shards - 1)) |
    parallel --joblog shards.log --retries 2 --halt soon,fail=1 \
        driftlab --quiet campaign run plan.json --shard {}/"$shards" --threads 1 --out parts
driftlab campaign merge plan.json parts --out results
