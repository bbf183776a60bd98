package ingest

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// dialed is the name of a host as one spells it who connects to it.
type dialed struct {
	whole  string   // in lower case, without scheme, user, port and final dot
	labels []string // of whole, at the dots; an IP address has one
	ip     bool
}

// dialedOf reads an address: a host, with or without a port, or a URL. It reports false
// where that says nothing to somebody else: the address of a loopback, a socket's path.
func dialedOf(address string) (dialed, bool) {
	if len(address) > maxName || !utf8.ValidString(address) {
		return dialed{}, false
	}
	if strings.Contains(address, "://") {
		address = authorityOf(address)
	}
	address, _, _ = strings.Cut(address, ",") // of the members of a cluster
	whole := strings.ToLower(strings.TrimSuffix(strings.Trim(hostOf(address), "[]"), "."))
	if whole == "" || whole == "localhost" || whole[0] == '.' || strings.ContainsAny(whole, "/ ") {
		return dialed{}, false
	}
	if likeIP(whole) {
		ip, err := netip.ParseAddr(whole)
		return dialed{whole: whole, labels: []string{whole}, ip: true}, err == nil && !ip.IsLoopback() && !ip.IsUnspecified()
	}
	return dialed{whole: whole, labels: strings.Split(whole, ".")}, true
}

// service returns the label of the service that has a pod's name before it, as behind a
// headless service, "" where there is none:
//
//	mongo-0.mongo.shop.svc.cluster.local
func (d *dialed) service() string {
	if len(d.labels) > 3 && d.labels[3] == "svc" {
		return d.labels[1]
	}
	return ""
}

// namespace returns the namespace of Kubernetes that the name says by its form, or "".
func (d *dialed) namespace() string {
	for _, at := range [...]int{2, 3} {
		if len(d.labels) > at && d.labels[at] == "svc" {
			return d.labels[at-1]
		}
	}
	return ""
}

// names reports whether two spellings may be of one host. One of several labels is that of
// fewer where it begins with these.
func (d *dialed) names(o *dialed) bool {
	if d.ip || o.ip {
		return d.whole == o.whole
	}
	n := min(len(d.labels), len(o.labels))
	return slices.Equal(d.labels[:n], o.labels[:n])
}
