"""Run folders made readable: figures, tables, pages."""
