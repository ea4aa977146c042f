import pyarrow.parquet as pq

from detector.arrow import Settings

settings = Settings(text="body", threshold="gentle", removed_share="removed_share", removed_text="removed_text")
table = pq.read_table("pages.parquet")
pq.write_table(settings.clean(table), "clean.parquet")
