"""Papers in the form of Nghị định 30/2020/NĐ-CP: one content, printed as DOCX, PDF and XLSX."""
