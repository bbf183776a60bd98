package ingest

import (
	"math"
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
//	db.system.name, server.address, db.namespace            postgresql:db.internal/orders
//	db.system.name, db.namespace                            postgresql:orders
//	db.system.name, server.address                          redis:cache.internal
//	db.system.name                                          redis
//	messaging.system, destination                           kafka:orders
//	messaging.system                                        kafka
//	server.address, host of url.full, if not an IP address  api.example.com
//	rpc.service                                             pkg.Service
//	server.address, network.peer.address, with their port   10.1.2.3:8083
//
// A namespace that is a bare number (the index of a Redis database) says less
// than the address and is passed over, and so is one that the name of the host begins
// with. An IP address tells databases of the same name apart as well as a host's name
// does, but changes with where the database runs.
//
// Behind the name of a host there is one service, at whatever port, but at an IP
// address there may be several, of which the port is all that tells them apart: many
// on 127.0.0.1, behind one proxy or one node of a cluster. So an IP address keeps the
// port that it was called at, server.port (net.peer.port), that within the address or
// the URL, or network.peer.port (net.sock.peer.port), also where a database or a cache
// is named by its address. This adds no names without end: of a CLIENT or PRODUCER span
// these are ports that somebody listens on. The ephemeral port of a connection is that
// of the other end, which is the peer of SERVER spans only; theirs are not read. What
// listens on ports that change takes places of limits.services, as its addresses do.
func peerOf(kind callgraph.Kind, a *attributes, in *interner) identity.Service {
	if kind != callgraph.Client && kind != callgraph.Producer {
		return identity.Service{}
	}
	a.locate(in)
	return identity.Service{Name: clean(peerName(a, in))}
}

// terminal reports whether a CLIENT or PRODUCER span calls what calls nobody else:
// a database, a cache, a broker.
func terminal(a *attributes) bool {
	return a.or(dbSystem, dbSystemOld) != "" || a.get(msgSystem) != ""
}

// locate replaces the attributes of addresses and ports by the host that they name,
// and the port of one that is an IP address: the rest of a URL differs from span to
// span and names nothing.
func (a *attributes) locate(in *interner) {
	if a.present&(addressSlots|portSlots) == 0 {
		return
	}
	address := firstOf(a.or(serverAddress, serverAddressOld), a.get(serverHostOld))
	if k := strings.IndexByte(address, ':'); k > 0 && strings.HasPrefix(address[k:], "://") {
		address, _, _ = strings.Cut(authorityOf(address), ",") // of clusters the first member
	}
	host := hostOf(address)
	if host == "" {
		address = authorityOf(a.or(urlFull, urlFullOld))
		host = hostOf(address)
	}
	ip, number := host, a.port(serverPort, serverPortOld)
	if host == "" {
		ip = hostOf(a.or(peerAddress, peerAddressOld))
		if n := a.port(networkPort, networkPortOld); n != 0 {
			number = n
		}
	}
	a.present &^= addressSlots | portSlots
	if host != "" {
		a.values[peerHost] = host
		a.present |= 1 << peerHost
	}
	if !isIP(ip) {
		return
	}
	port := portOf(address)
	if number != 0 {
		port = in.port(number)
	}
	if port != "" {
		a.values[peerPort] = port
		a.present |= 1 << peerPort
	}
}

func peerName(a *attributes, in *interner) string {
	if p := a.or(peerService, peerServiceOld); p != "" {
		return p
	}
	host := a.get(peerHost)
	address := a.endpoint(host, in)
	if system := a.or(dbSystem, dbSystemOld); system != "" {
		return qualified(system, database(a, host, address, in), in)
	}
	if system := a.get(msgSystem); system != "" {
		return qualified(system, destinationOf(a), in)
	}
	if host != "" && !isIP(host) {
		return host
	}
	if a.get(rpcService) != "" {
		return a.get(rpcService)
	}
	if address != "" {
		return address
	}
	return a.endpoint(hostOf(a.or(peerAddress, peerAddressOld)), in)
}

// endpoint returns an address with the port that locate has found, if any.
func (a *attributes) endpoint(host string, in *interner) string {
	port := a.get(peerPort)
	if host == "" || port == "" {
		return host
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return in.join(host, ':', port)
}

func qualified(system, rest string, in *interner) string {
	if rest == "" {
		return system
	}
	return in.join(system, ':', rest)
}

func database(a *attributes, host, address string, in *interner) string {
	namespace := a.or(dbNamespace, dbNamespaceOld)
	switch {
	case namespace == "" || isNumber(namespace):
		return address
	case host == "" || isIP(host):
		return namespace
	case strings.HasPrefix(host, namespace):
		return host
	}
	return in.join(host, '/', namespace)
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

// portOf returns the port of an address, or "".
func portOf(address string) string {
	i := strings.LastIndexByte(address, ':')
	if i < 0 || i != strings.IndexByte(address, ':') && !strings.HasSuffix(address[:i], "]") {
		return "" // none, or of IPv6 without brackets
	}
	if port, ok := plainNumber(address[i+1:]); !ok || port < 1 || port > math.MaxUint16 {
		return ""
	}
	return address[i+1:]
}

// authorityOf returns the host of an absolute URL without user, and with its port.
func authorityOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:]
}

// isIP reports whether host is an IP address. Parsing a name fails with an
// error that allocates, so only what has the bytes of an address is parsed.
func isIP(host string) bool {
	if !likeIP(host) {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// likeIP reports whether host has a colon, or no other bytes than digits and dots. It
// looks at each byte once, from the end, where most names have a letter.
func likeIP(host string) bool {
	for k := len(host) - 1; k >= 0; k-- {
		if c := host[k]; c-'0' > 9 && c != '.' {
			return strings.IndexByte(host, ':') >= 0
		}
	}
	return host != ""
}
