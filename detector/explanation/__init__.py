"""Why a paragraph was kept or removed: what adds up to its score."""
