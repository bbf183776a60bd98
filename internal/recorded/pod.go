package recorded

import "strings"

// workload returns the name of the workload that a pod belongs to, or the
// pod's own where nothing shows that it belongs to one. Kubernetes appends to it:
// of a pod of a ReplicaSet "-<hash>-<random>", of a DaemonSet "-<random>", of a
// StatefulSet "-<ordinal>".
func workload(pod string) string {
	name, last, ok := cutLast(pod)
	switch {
	case !ok:
		return pod
	case len(last) <= 3 && only(last, digits):
		return name
	case len(last) != 5 || !only(last, consonants+digits):
		return pod
	}
	if above, hash, ok := cutLast(name); ok && isHash(hash) {
		return above
	}
	return name
}

// The letters and digits of what Kubernetes appends: names of its own are without
// vowels, and hashes the decimal digits of a number spelled in hashed.
const (
	digits     = "0123456789"
	consonants = "bcdfghjklmnpqrstvwxz"
	hashed     = "456789bcdf"
)

// isHash reports whether s is the hash of a ReplicaSet and no part of a name, as
// "v2" or "order2" are: as it is made now, or once was, or looks where names were
// changed for publication.
func isHash(s string) bool {
	numbered := strings.ContainsAny(s, digits)
	long := len(s) >= 8
	switch {
	case len(s) > 10:
		return false
	case only(s, hashed):
		return len(s) >= 6 || len(s) >= 3 && numbered
	case only(s, digits):
		return long
	}
	return long && numbered && (only(s, consonants+digits) || only(s, "abcdef"+digits))
}

// only reports whether s is of nothing but some letters, and not empty.
func only(s, letters string) bool { return s != "" && strings.Trim(s, letters) == "" }

// cutLast cuts s at its last dash; ok is false where one side would be empty.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i <= 0 || i == len(s)-1 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
