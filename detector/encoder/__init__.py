"""The encoder of the accurate model, which reads again what the small model doubts."""
