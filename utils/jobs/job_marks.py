"""The environment variable by which the processes of a job are known, whoever has started them."""

MARK = "SEGMENTATION_JOB"
