package incidentexporter

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// receiver is a destination that keeps what it takes, and answers as it is told.
type receiver struct {
	*httptest.Server

	mu      sync.Mutex // guards everything below
	changed chan struct{}
	answer  func(body []byte) (status int, header map[string]string, text string)
	taken   [][]byte       // bodies that were answered with 2xx
	types   []string       // their content types
	headers []http.Header  // of all requests
	counts  map[int]int    // answers by status
	paths   map[string]int // requests by path
}

func listen(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{changed: make(chan struct{}), counts: map[int]int{}, paths: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the client has gone
		}
		status, header, text := r.take(req, body)
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // to a client that may have gone
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(req *http.Request, body []byte) (int, map[string]string, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	status, header, text := http.StatusAccepted, map[string]string(nil), ""
	if r.answer != nil {
		status, header, text = r.answer(body)
	}
	if status/100 == 2 {
		r.taken = append(r.taken, body)
		r.types = append(r.types, req.Header.Get("Content-Type"))
	}
	r.headers = append(r.headers, req.Header.Clone())
	r.counts[status]++
	r.paths[req.URL.Path]++
	close(r.changed)
	r.changed = make(chan struct{})
	return status, header, text
}

// answers lets it answer so from now on.
func (r *receiver) answers(status int, header map[string]string, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func([]byte) (int, map[string]string, string) { return status, header, text }
}

// decides lets it look at what comes.
func (r *receiver) decides(answer func(body []byte) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(body []byte) (int, map[string]string, string) { return answer(body), nil, "" }
}

func (r *receiver) bodies() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([][]byte(nil), r.taken...)
}

// await returns when reached is true of the receiver.
func (r *receiver) await(t *testing.T, what string, reached func(r *receiver) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		r.mu.Lock()
		ok, changed := reached(r), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.FailNow(t, "waited in vain", what)
		}
	}
}

// has is reached when n bodies were taken.
func has(n int) func(*receiver) bool { return func(r *receiver) bool { return len(r.taken) >= n } }

// answered is reached when n requests were answered so.
func answered(status, n int) func(*receiver) bool {
	return func(r *receiver) bool { return r.counts[status] >= n }
}
