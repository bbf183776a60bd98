package hotrod

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sage-rca/sage/e2e/proc"
)

// Service is one of HotROD's processes, named like its subcommand.
type Service string

// The processes.
const (
	Frontend Service = "frontend"
	Customer Service = "customer"
	Driver   Service = "driver"
	Route    Service = "route"
)

// Services are all processes, callees first.
func Services() []Service { return []Service{Customer, Driver, Route, Frontend} }

// Flags of HotROD's own, by which a process is healthy or not.
var (
	// Healthy gives a stable system at some ten requests a second: a quick
	// database without its mutex, and more route workers than are ever in use.
	Healthy = []string{"--fix-db-query-delay=50ms", "--fix-disable-db-conn-mutex", "--fix-route-worker-pool-size=100"}
	// SlowDatabase delays each query tenfold (customer).
	SlowDatabase = []string{"--fix-db-query-delay=500ms", "--fix-disable-db-conn-mutex"}
	// OneConnection lets one query run at a time (customer): at 15 requests a second
	// the connection is busy for 0.87 of the time, and queries queue for it.
	OneConnection = []string{"--fix-db-query-delay=57ms"}
	// FewWorkers call route in the background of all requests (frontend): at 15
	// requests a second, each with 10 calls of 50 ms, they are busy for 0.95 of the
	// time.
	FewWorkers = []string{"--fix-route-worker-pool-size=8"}
)

// Config says how to run HotROD.
type Config struct {
	Binary   string // path of hotrod
	OTLPHTTP string // host:port of the OTLP/HTTP receiver that it exports to
	LogDir   string // gets one log file per service
	// Via replaces the address at which the frontend calls a service, host:port: a
	// proxy in between. It is asked once the service's own address is known.
	Via func(s Service, addr string) (string, error)
}

// App is a running HotROD.
type App struct {
	cfg   Config
	host  string
	ports map[Service]int // where each listens
	via   map[Service]int // where the frontend calls it
	procs map[Service]*proc.Process
}

// Start runs all four services with the healthy flags and returns when each
// accepts connections.
func Start(ctx context.Context, cfg Config) (*App, error) {
	if _, err := os.Stat(cfg.Binary); err != nil {
		return nil, fmt.Errorf("hotrod is not built (%w): `make demo-live` and `make e2e` build it, testdata/hotrod/go.mod says how", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.LogDir, 0o755); err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, host: host, ports: map[Service]int{}, via: map[Service]int{}, procs: map[Service]*proc.Process{}}
	ports, err := proc.FreePorts(ctx, len(Services()))
	if err != nil {
		return nil, err
	}
	for i, s := range Services() {
		a.ports[s], a.via[s] = ports[i], ports[i]
		if cfg.Via == nil || s == Frontend {
			continue
		}
		addr, err := cfg.Via(s, a.Addr(s))
		if err != nil {
			return nil, err
		}
		if a.via[s], err = proc.Port(addr); err != nil {
			return nil, err
		}
	}
	for _, s := range Services() {
		if err := a.run(ctx, s, Healthy); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

// Addr is where s listens, host:port.
func (a *App) Addr(s Service) string { return fmt.Sprintf("127.0.0.1:%d", a.ports[s]) }

// PID is the process ID of s.
func (a *App) PID(s Service) int { return a.procs[s].PID() }

// Restart ends s and runs it again with other flags, as a deployment of another
// configuration does. Requests fail for the fraction of a second in between.
func (a *App) Restart(ctx context.Context, s Service, flags []string) error {
	if err := a.procs[s].Stop(); err != nil {
		return fmt.Errorf("restart %s: %w", s, err)
	}
	return a.run(ctx, s, flags)
}

// Stop ends a service, as long as it is not restarted.
func (a *App) Stop(s Service) error {
	if err := a.procs[s].Stop(); err != nil {
		return fmt.Errorf("stop %s: %w", s, err)
	}
	return nil
}

// Close ends all services.
func (a *App) Close() error {
	var errs []error
	for _, s := range Services() {
		if p := a.procs[s]; p != nil {
			errs = append(errs, p.Stop())
		}
	}
	return errors.Join(errs...)
}

// run starts s and waits until it listens. The shell between is there to know
// the process ID before the process starts: exec keeps it.
func (a *App) run(ctx context.Context, s Service, flags []string) error {
	const script = `export OTEL_RESOURCE_ATTRIBUTES="$OTEL_RESOURCE_ATTRIBUTES,process.pid=$$"; exec "$@"`
	args := []string{"-c", script, "sh", a.cfg.Binary, string(s)}
	for _, other := range Services() {
		port := a.ports[other]
		if s == Frontend { // the one that calls others
			port = a.via[other]
		}
		args = append(args,
			fmt.Sprintf("--%s-service-hostname=127.0.0.1", other),
			fmt.Sprintf("--%s-service-port=%d", other, port))
	}
	attrs := []string{
		"service.instance.id=" + string(s) + "-1",
		"host.name=" + a.host,
	}
	env := append(os.Environ(),
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+a.cfg.OTLPHTTP,
		"OTEL_RESOURCE_ATTRIBUTES="+strings.Join(attrs, ","),
		"OTEL_BSP_SCHEDULE_DELAY=200",
	)
	p, err := proc.Start(filepath.Join(a.cfg.LogDir, "hotrod-"+string(s)+".log"), env, "sh", append(args, flags...)...)
	if err != nil {
		return fmt.Errorf("start %s: %w", s, err)
	}
	a.procs[s] = p
	return p.Listens(ctx, a.Addr(s))
}
