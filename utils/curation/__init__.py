"""Items, answers and models of the Curate place: `curation_db` is the store, `curation_files` what models have made."""
