"""What `make demo` and `make e2e` share. Python's standard library only.

Layout
    failure    the one exception that ends a run with a plain sentence
    machine    is this computer able to run the prebuilt model server?
    packages   installs pinned, hash-checked wheels into a folder of their own
    ports      free ports, and whether a wanted port is free
    processes  owns every child process; ends them all, whatever happens
    llama      llama.cpp's server with one of the two models
    gateway    builds, finds and starts `transom`
    api        a small JSON and server-sent-events client
    console    text for a person: labels, colour, wrapping
"""
