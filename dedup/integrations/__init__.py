"""Takes the stories of other people's programs, gives them this package's answers: a Scrapy pipeline, datasketch's LSH.

Guarantees: nothing here is imported unless it is asked for by name, and a package that is missing is told with the
``pip install`` line that brings it; what these modules import, no other module of the package does.
"""
