package ingest

import (
	"strings"

	"github.com/sage-rca/sage/internal/callgraph"
)

// taken are the words for taking a connection out of a pool, after the name of the pool.
var taken = []string{"connect", "acquire", "get", "borrow", "checkout", "wait"}

// poolWait reports whether a CLIENT span is no call of the database that its attributes name, but
// the wait for one of the connections that its own service has to it: pg-pool.connect, pool.acquire. Where
// a new connection is made for it, that has a span of its own. To the caller it is time
// like any of its own.
func poolWait(kind callgraph.Kind, a *attributes, name string) bool {
	if kind != callgraph.Client || a.or(dbSystem, dbSystemOld) == "" || a.or(dbCollection, dbCollectionOld) != "" {
		return false
	}
	i := strings.Index(name, "ool")
	if i < 1 || name[i-1]|0x20 != 'p' {
		return false
	}
	verb := strings.TrimLeft(name[i+len("ool"):], ".:_- ")
	for _, w := range taken {
		if len(verb) >= len(w) && strings.EqualFold(verb[:len(w)], w) {
			return true
		}
	}
	return false
}
