package callgraph

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// says is what the names of a call and of who answered it say.
type says uint8

const (
	nothing says = iota
	itself       // who was called has answered, or there is no name of it
	another      // a service that was called by who was called
)

// whoAnswers tells from a call, as its caller names it, and from what was served for it, who
// has served. The first that applies decides:
//
//   - an address is no name of a service;
//   - who has the name of the peer is who was called, also if not to the letter: host names are
//     made of names of services, and these of those;
//   - what is served as what was asked for was passed on, by whatever has that name;
//   - who serves something else was called in turn, for the work of who was called.
func whoAnswers(call, served identity.RPC) says {
	asked, did := pathOf(call.Operation), pathOf(served.Operation)
	switch {
	case isAddress(call.Service.Name):
		return itself
	case isNamed(call.Service, served.Service), akin(call.Service.Name, served.Service.Name):
		return itself
	case len(asked) == 0 || len(did) == 0:
		return nothing
	case samePath(asked, did):
		return nothing
	}
	return another
}

// isAddress reports whether a peer is an IP address, with or without a port, or the own host.
func isAddress(peer string) bool {
	if peer == "localhost" {
		return true
	}
	if _, err := netip.ParseAddrPort(peer); err == nil {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(peer, "[]"))
	return err == nil
}

// akin reports whether all words of one of two names are in the other: orders-v2 and
// order-service, Cart and cart-api.prod. Without words that say nothing it is as if they were.
func akin(a, b string) bool {
	x, y := wordsOf(a), wordsOf(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	return !slices.ContainsFunc(x, func(w string) bool { return !slices.Contains(y, w) })
}

// wordsOf returns the words of the first label of a name, in lower case and the singular, without
// those that any service may have.
func wordsOf(name string) []string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	words := strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' && r < 0x80 })
	for i := range words {
		for _, common := range [...]string{"service", "svc", "server", "api", "app"} {
			words[i] = strings.TrimSuffix(words[i], common)
		}
		words[i] = strings.TrimSuffix(words[i], "s")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// pathOf returns the parts of the route, template or qualified method that an operation names,
// none where it names none, or all that there are below one.
func pathOf(operation string) []string {
	at := strings.IndexByte(operation, '/')
	if at < 0 || strings.Contains(operation, "*") || strings.Contains(operation, "...") {
		return nil
	}
	if method := strings.LastIndexByte(operation[:at], ' '); method >= 0 {
		operation = operation[method+1:]
	}
	parts := strings.FieldsFunc(operation, func(r rune) bool { return r == '/' })
	if !slices.ContainsFunc(parts, func(p string) bool { return !isParameter(p) }) {
		return nil
	}
	return parts
}

// samePath reports whether two paths may be one, of which one may be without what is before it: a
// router is often mounted below another, and a proxy may cut what it goes by. A parameter may stand
// for what the other one names.
func samePath(a, b []string) bool {
	for i := 1; i <= min(len(a), len(b)); i++ {
		x, y := a[len(a)-i], b[len(b)-i]
		if !isParameter(x) && !isParameter(y) && !strings.EqualFold(unqualified(x), unqualified(y)) {
			return false
		}
	}
	return true
}

// isParameter reports whether a part of a path stands for any: {id}, :id, <id>.
func isParameter(part string) bool {
	return part != "" && strings.IndexByte("{:<[$", part[0]) >= 0
}

// unqualified returns a name without packages.
func unqualified(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
