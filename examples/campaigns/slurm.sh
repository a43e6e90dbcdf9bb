#!/bin/sh
# A campaign with Slurm: an array of shards, and a merge that waits for it.
# Usage: slurm.sh SCENARIO SHARDS [options of `driftlab campaign plan`]
set -eu
scenario=$1 shards=$2
shift 2
driftlab campaign plan "$scenario" "$@" --out plan.json
run="driftlab --quiet campaign run plan.json --shard \$SLURM_ARRAY_TASK_ID/$shards --threads 1"
array=$(sbatch --parsable --requeue --array=0-$((shards - 1)) --wrap "$run --out parts")
sbatch --dependency=afterok:"$array" --wrap "driftlab campaign merge plan.json parts --out results"
