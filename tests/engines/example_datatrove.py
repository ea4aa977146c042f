from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter

from detector.arrow import Settings
from detector.datatrove import Clean

if __name__ == "__main__":
    settings = Settings(threshold="gentle", removed_share="removed_share")
    cleaning = Clean(settings, drop_empty=True)
    steps = [ParquetReader("pages/"), cleaning, ParquetWriter("clean/", expand_metadata=True)]
    LocalPipelineExecutor(steps, tasks=4, workers=2, logging_dir="logs/").run()
