"""The jobs of nurture as Prefect flows: the only place that imports Prefect."""
