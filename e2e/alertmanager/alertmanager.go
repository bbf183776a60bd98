package alertmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/sage-rca/sage/e2e/proc"
)

// Build builds Alertmanager into dir and returns the path of its binary. It takes
// about a minute the first time.
func Build(ctx context.Context, root, dir string) (string, error) {
	to := filepath.Join(dir, "alertmanager")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", to, "github.com/prometheus/alertmanager/cmd/alertmanager")
	cmd.Dir = filepath.Join(root, "testdata", "alertmanager")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build Alertmanager: %w: %s", err, out)
	}
	return to, nil
}

// Config says how Alertmanager runs.
type Config struct {
	Binary string
	Dir    string // gets its configuration, its state and its log
	Notify string // URL that gets its notifications
}

// Alertmanager is one that runs. It keeps its address and its state over restarts.
type Alertmanager struct {
	cfg  Config
	addr string
	proc *proc.Process
}

// configuration notifies of a change after a moment, and not again while nothing
// changes.
const configuration = `route:
  receiver: hook
  group_by: ['...']
  group_wait: 50ms
  group_interval: 250ms
  repeat_interval: 24h
receivers:
  - name: hook
    webhook_configs:
      - url: %q
        send_resolved: true
`

// Start runs Alertmanager and returns when it takes alerts.
func Start(ctx context.Context, cfg Config) (*Alertmanager, error) {
	ports, err := proc.FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "alertmanager.yml"), fmt.Appendf(nil, configuration, cfg.Notify), 0o600); err != nil {
		return nil, err
	}
	a := &Alertmanager{cfg: cfg, addr: fmt.Sprintf("127.0.0.1:%d", ports[0])}
	return a, a.Restart(ctx)
}

// Restart runs it again after Stop, at the same address and with the same state.
func (a *Alertmanager) Restart(ctx context.Context) error {
	p, err := proc.Start(filepath.Join(a.cfg.Dir, "alertmanager.log"), os.Environ(), a.cfg.Binary,
		"--config.file="+filepath.Join(a.cfg.Dir, "alertmanager.yml"),
		"--storage.path="+filepath.Join(a.cfg.Dir, "state"),
		"--web.listen-address="+a.addr,
		"--cluster.listen-address=", // it is alone
	)
	if err != nil {
		return fmt.Errorf("start Alertmanager: %w", err)
	}
	if err := p.Listens(ctx, a.addr); err != nil {
		return errors.Join(fmt.Errorf("start Alertmanager: %w", err), p.Kill())
	}
	a.proc = p
	return nil
}

// Stop ends it as an operator does; it writes down then of what it has notified.
func (a *Alertmanager) Stop() error { return a.proc.Stop() }

// URL is where it is reached.
func (a *Alertmanager) URL() string { return "http://" + a.addr }

// Alert is an alert as Alertmanager returns it.
type Alert struct {
	Fingerprint string            `json:"fingerprint"`
	Status      Status            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
	UpdatedAt   time.Time         `json:"updatedAt"`
	Generator   string            `json:"generatorURL"`
}

// Status is what Alertmanager makes of an alert.
type Status struct {
	State string `json:"state"` // active, suppressed, unprocessed
}

// Alerts are those that fire.
func (a *Alertmanager) Alerts(ctx context.Context) ([]Alert, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL()+"/api/v2/alerts", nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // leaves no goroutine behind
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read alerts: %s", resp.Status)
	}
	var out []Alert
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	return out, nil
}

// Await returns the alerts that fire once reached is true of them, and fails with
// the last of them after limit.
func (a *Alertmanager) Await(ctx context.Context, limit time.Duration, what string, reached func([]Alert) bool) ([]Alert, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		alerts, err := a.Alerts(ctx)
		if err == nil && reached(alerts) {
			return alerts, nil
		}
		select {
		case <-ctx.Done():
			return alerts, fmt.Errorf("%s: not within %s, the alerts are %+v (%w)", what, limit, alerts, errors.Join(err, context.Cause(ctx)))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
