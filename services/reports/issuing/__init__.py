"""Reports as papers: drafted from frozen figures, edited and signed by people, printed in every format."""
