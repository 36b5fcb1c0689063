"""Files that other systems export (CSV, XLSX), row by row to contents or cases."""
