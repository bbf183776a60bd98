package ingest

import (
	"net/netip"
	"strings"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

// peerOf names the callee of a CLIENT or PRODUCER span, which is a service of
// its own where no span of it ever comes. The first row that applies decides;
// old names of attributes count as the new ones.
//
//	attributes                                              name
//	service.peer.name (peer.service)                        payment
//	db.system.name, db.namespace                            postgresql:orders
//	db.system.name, server.address                          redis:cache.internal
//	db.system.name                                          redis
//	messaging.system, destination                           kafka:orders
//	messaging.system                                        kafka
//	server.address, host of url.full, if not an IP address  api.example.com
//	rpc.service                                             pkg.Service
//	server.address, network.peer.address                    10.1.2.3
//
// A namespace that is a bare number (the index of a Redis database) says less
// than the address and is passed over. Ports are dropped.
func peerOf(kind callgraph.Kind, a *attributes, in *interner) identity.Service {
	if kind != callgraph.Client && kind != callgraph.Producer {
		return identity.Service{}
	}
	a.locate()
	return identity.Service{Name: clean(peerName(a, in))}
}

// terminal reports whether a CLIENT or PRODUCER span calls what calls nobody else:
// a database, a cache, a broker.
func terminal(a *attributes) bool {
	return a.or(dbSystem, dbSystemOld) != "" || a.get(msgSystem) != ""
}

// locate replaces the attributes of addresses by the host that they name: the
// rest of a URL differs from span to span and names nothing.
func (a *attributes) locate() {
	if a.present&addressSlots == 0 {
		return
	}
	host := hostOf(firstOf(a.or(serverAddress, serverAddressOld), a.get(serverHostOld)))
	if host == "" {
		host = urlHost(a.or(urlFull, urlFullOld))
	}
	a.present &^= addressSlots
	if host != "" {
		a.values[peerHost] = host
		a.present |= 1 << peerHost
	}
}

func peerName(a *attributes, in *interner) string {
	if p := a.or(peerService, peerServiceOld); p != "" {
		return p
	}
	address := a.get(peerHost)
	if system := a.or(dbSystem, dbSystemOld); system != "" {
		return qualified(system, database(a, address), in)
	}
	if system := a.get(msgSystem); system != "" {
		return qualified(system, destinationOf(a), in)
	}
	if address != "" && !isIP(address) {
		return address
	}
	if a.get(rpcService) != "" {
		return a.get(rpcService)
	}
	if address != "" {
		return address
	}
	return hostOf(a.or(peerAddress, peerAddressOld))
}

func qualified(system, rest string, in *interner) string {
	if rest == "" {
		return system
	}
	return in.join(system, ':', rest)
}

func database(a *attributes, address string) string {
	namespace := a.or(dbNamespace, dbNamespaceOld)
	if namespace == "" || isNumber(namespace) {
		return address
	}
	return namespace
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

// hostOf returns an address without its port and brackets.
func hostOf(address string) string {
	if strings.HasPrefix(address, "[") {
		host, _, _ := strings.Cut(address[1:], "]")
		return host
	}
	if i := strings.IndexByte(address, ':'); i >= 0 && i == strings.LastIndexByte(address, ':') {
		return address[:i]
	}
	return address
}

// urlHost returns the host of an absolute URL without user and port.
func urlHost(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return hostOf(rest[strings.LastIndexByte(rest, '@')+1:])
}

// isIP reports whether host is an IP address. Parsing a name fails with an
// error that allocates, so only what has the bytes of an address is parsed.
func isIP(host string) bool {
	if strings.Trim(host, "0123456789.") != "" && !strings.Contains(host, ":") {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
