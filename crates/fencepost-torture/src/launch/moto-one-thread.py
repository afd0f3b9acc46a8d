"""moto, one request at a time.

Its own server gives each request a thread. It looks whether an object exists and then writes it, with no lock in between, so creates
that race may all win. With one thread for all requests a look and its write are one step. Connections are still served side by side, so
a client that is slow or stopped holds up nobody.
"""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress import serve

moto = DomainDispatcherApplication(create_backend_app)


def application(environ, start_response):
    # moto takes names from here, as they were sent; its own server puts them there.
    environ["RAW_URI"] = environ["REQUEST_URI"]
    return moto(environ, start_response)


# Clients keep connections for later; poll has no limit on their number, as select has.
serve(application, host=sys.argv[1], port=int(sys.argv[2]), threads=1, connection_limit=4096, asyncore_use_poll=True)
