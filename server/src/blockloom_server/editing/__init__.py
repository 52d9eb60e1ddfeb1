"""Small changes to a graph's document, as pure functions: a graph in, a new graph out, the old one untouched."""
