import ray

from detector.arrow import Settings
from detector.ray import clean

pages = ray.data.read_parquet("pages/")
settings = Settings(threshold="gentle", removed_share="removed_share")
clean(pages, settings, workers=(1, 64)).write_parquet("clean/")
