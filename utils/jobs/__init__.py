"""Jobs: on this machine (`jobs_local`) or by Prefect's workers (`jobs_prefect`), with ledger, queue and processes."""
