"""A decision's annex from a file: one file for each format, one reading of what the table says.

`package` keeps out what no annex needs (bombs, macros, entities); `docx` and `xlsx` make lines and cells of a file;
`annex` makes sections and rows of cells; `heading` reads the decision's number and time above the table.
"""
