"""MinHash deduplication by datatrove, its four documented steps; run by the interpreter that has datatrove.

``python datatrove_job.py INPUT_FOLDER WORK_FOLDER``: the survivors lie in WORK_FOLDER/kept.
"""

import sys
from collections.abc import Sequence
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig

PROCESSES = 2
BUCKETS = 42


def main(stories: str, work: str) -> None:
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=BUCKETS, hashes_per_bucket=3, n_grams=5)

    def run(name: str, tasks: int, pipeline: Sequence[Any]) -> None:
        LocalPipelineExecutor(
            pipeline=list(pipeline), tasks=tasks, workers=min(tasks, PROCESSES), logging_dir=f"{work}/log-{name}"
        ).run()

    def reader() -> Any:
        return JsonlReader(stories, glob_pattern="*.jsonl", text_key="text", id_key="id")

    run("signatures", PROCESSES, [reader(), MinhashDedupSignature(f"{work}/signatures", config=config, language="en")])
    run("buckets", BUCKETS, [MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config)])
    run("clusters", 1, [MinhashDedupCluster(f"{work}/buckets", f"{work}/removed", config=config)])
    run("filter", PROCESSES, [reader(), MinhashDedupFilter(f"{work}/removed"), JsonlWriter(f"{work}/kept")])


if __name__ == "__main__":
    main(*sys.argv[1:3])
