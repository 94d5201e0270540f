"""Messages looked at while they are written: what there is, who looks, and what comes out, mistakes included."""
