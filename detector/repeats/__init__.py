"""How often paragraphs repeat in a corpus: counted in one pass, in bounded memory."""
