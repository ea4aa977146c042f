from pyspark.sql import SparkSession

from detector.arrow import Settings
from detector.spark import clean

spark = SparkSession.builder.appName("clean").getOrCreate()
pages = spark.read.parquet("pages/")
settings = Settings(threshold="gentle", removed_share="removed_share")
clean(pages, settings).write.parquet("clean/")
