package alertmanager

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Notifications takes what Alertmanager sends to people, and keeps it.
type Notifications struct {
	server *httptest.Server

	mu  sync.Mutex // guards everything below
	got []string
}

// Listen begins to take notifications.
func Listen() *Notifications {
	n := &Notifications{}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Alerts []struct {
				Status      string
				Annotations map[string]string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, a := range body.Alerts {
			n.got = append(n.got, a.Status+" "+a.Annotations["incident_id"])
		}
	}))
	return n
}

// URL is where they are taken.
func (n *Notifications) URL() string { return n.server.URL }

// Got are those that came so far, "firing ID" or "resolved ID".
func (n *Notifications) Got() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.got...)
}

// Close ends it.
func (n *Notifications) Close() { n.server.Close() }
