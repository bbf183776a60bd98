package recorded

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// nezhaQuantile is the quantile of the objective of Nezha's sets: the highest one
// that is recorded. A service that few requests reach shows in no lower one.
const nezhaQuantile = 0.99

// day is one day of Nezha's layout while it is read.
type day struct {
	system
	notes  notes
	known  map[identity.Service]bool
	grid   grid
	frames []*frame
	pods   []*pod
	front  *series // nil where there is none
	name   string  // that the front's file gives its service
	source *medianFile
	target *medianFile
	traces *tracedCalls
	faults []fault
	entry  identity.Service
}

// LoadNezha reads one day of Nezha's layout:
//
//	*fault_list*.json, root_cause_*.json
//	metric/<pod>_metric.csv, front_service.csv
//	metric/source_50.csv, destination_50.csv, dependency.csv, each of which may be missing
//	trace/HH_MM_trace.csv.gz, which may be missing
//
// There is one RPC per service. Its latency has the quantiles of its pods' files,
// and as median that of its calls as destination_50.csv has them; the latency of
// the entry is that of front_service.csv. Calls are as long as source_50.csv and
// destination_50.csv say in the median; above it they have the shape of the
// callee's latency, and the gap between both sides, of which nothing but the
// median is known, is the same for all calls. Where there are no such files, the
// minutes with spans have the latencies and gaps of their calls, and other windows
// none. Which calls there are, and how many per request, the spans say, and
// dependency.csv; of a service of whose calls no spans came, how many follows from how its requests and
// those of its callers vary.
//
// A window ends when its rows were written.
func LoadNezha(dir string) (*Set, error) {
	d := &day{notes: notes{}, known: map[identity.Service]bool{}}
	if err := d.read(dir); err != nil {
		return nil, fmt.Errorf("recorded: %w", err)
	}
	d.connect()
	d.fill()
	if d.entry = d.findEntry(); d.entry.IsZero() {
		return nil, fmt.Errorf("recorded: no service has requests: in %s no row has a time and, in a column %s, a number above zero%s",
			filepath.Join(dir, "metric", metricFiles), colWorkload, d.notes.because())
	}
	if !strings.EqualFold(d.entry.Name, d.name) {
		d.notes.named("entry that was chosen, since no pod is of the ServiceName of front_service.csv", []string{d.entry.Name})
	}
	d.enter()
	normal := d.normal()
	d.countCalls(normal)
	d.callLatencies(normal)
	d.usual = d.newUsual(normal)
	causes, err := readRootCauses(dir)
	if err != nil {
		return nil, fmt.Errorf("recorded: %w", err)
	}
	return d.set(filepath.Base(dir), causes), nil
}

// read reads all files.
func (d *day) read(dir string) error {
	metric := filepath.Join(dir, "metric")
	files, err := filepath.Glob(filepath.Join(metric, metricFiles))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no %s in %s", metricFiles, metric)
	}
	for _, file := range files {
		pods, err := readPods(file, d.notes)
		if err != nil {
			return err
		}
		for _, p := range pods {
			d.pods = append(d.pods, p)
			d.known[p.service] = true
		}
	}
	if err := d.readFront(metric); err != nil {
		return err
	}
	if err := d.readCalls(metric); err != nil {
		return err
	}
	if d.faults, err = readFaults(dir, d.notes); err != nil {
		return err
	}
	d.grid = newGrid(d.times())
	if err := d.bounded(); err != nil {
		return err
	}
	d.traces, err = readTraces(filepath.Join(dir, "trace"), time.Duration(d.grid.step))
	if err != nil {
		return err
	}
	for reason, n := range d.traces.losses.refused {
		d.notes.add("spans not used: "+reason, n)
	}
	return nil
}

func (d *day) readFront(metric string) error {
	t, err := readTable(filepath.Join(metric, "front_service.csv"), d.notes)
	if errors.Is(err, fs.ErrNotExist) {
		d.notes.add("no front_service.csv", 1)
		return nil
	}
	if err != nil {
		return err
	}
	s, err := newSeries(t, frontLatency, frontSuccess, d.notes)
	if err != nil {
		return err
	}
	d.front = &s
	if c := t.column(frontService); c >= 0 && len(t.rows) > 0 && c < len(t.rows[0]) {
		d.name = t.rows[0][c]
	}
	return nil
}

func (d *day) readCalls(metric string) error {
	var unknown, others []string
	var err error
	if d.links, unknown, err = readDependencies(metric, d.known, d.notes); err != nil {
		return err
	}
	d.notes.named("dependencies of services without metrics", unknown)
	if d.source, unknown, err = readMedians(filepath.Join(metric, "source_50.csv"), d.known, d.notes); err != nil {
		return err
	}
	if d.target, others, err = readMedians(filepath.Join(metric, "destination_50.csv"), d.known, d.notes); err != nil {
		return err
	}
	d.notes.named("columns of calls of services without metrics", append(unknown, others...))
	return nil
}

// files returns all that have rows with times.
func (d *day) files() []*series {
	var out []*series
	for _, p := range d.pods {
		out = append(out, &p.series)
	}
	if d.front != nil {
		out = append(out, d.front)
	}
	for _, m := range [...]*medianFile{d.source, d.target} {
		if m != nil {
			out = append(out, &m.series)
		}
	}
	return out
}

// times returns those of the rows of all files.
func (d *day) times() [][]int64 {
	var out [][]int64
	for _, s := range d.files() {
		out = append(out, s.times)
	}
	return out
}

// connect settles which links there are: those of dependency.csv and the edge
// files, and where there are neither, those of the spans.
func (d *day) connect() {
	for _, m := range [...]*medianFile{d.source, d.target} {
		if m != nil {
			for l := range m.links { // sorted below
				d.links = append(d.links, l)
			}
		}
	}
	if len(d.links) == 0 {
		var unknown []string
		for l := range d.traces.calls { // sorted below
			if d.known[l.caller] && d.known[l.callee] {
				d.links = append(d.links, l)
			} else {
				unknown = append(unknown, l.caller.String()+" > "+l.callee.String())
			}
		}
		slices.Sort(unknown)
		d.notes.named("traced calls of services without metrics", unknown)
	}
	slices.SortFunc(d.links, link.compare)
	d.links = slices.Compact(d.links)
	d.perRequest = make(map[link]float64, len(d.links))
	for _, l := range d.links {
		d.perRequest[l] = d.traces.perRequest(l)
	}
}

// countCalls takes the calls per request of a service that no span is called by from its rate.
func (d *day) countCalls(normal []*frame) {
	for callee, links := range d.callers() {
		if slices.ContainsFunc(links, func(l link) bool { return d.traces.calls[l] > 0 }) {
			continue
		}
		for i, n := range callRates(normal, callee, links) {
			d.perRequest[links[i]] = n
		}
	}
}

// each calls f with the rows of a file and their frames, the first row of each.
func (d *day) each(s *series, f func(*frame, []string)) {
	taken := make(map[int]bool)
	for i, k := range d.grid.bins(s.times) {
		if k >= len(d.frames) {
			d.notes.at("rows after the last window", s.table.where(i, -1))
			continue
		}
		if taken[k] {
			d.notes.at("rows in a window that has one", s.table.where(i, -1))
			continue
		}
		taken[k] = true
		f(d.frames[k], s.table.rows[i])
	}
}

// fill makes the frames and puts in what the pods' files say.
func (d *day) fill() {
	for k := range d.grid.windows {
		end := d.grid.end(k)
		d.frames = append(d.frames, newFrame(end-d.grid.step, end))
	}
	seconds := float64(d.grid.step) / nsPerSecond
	for _, p := range d.pods { // by file, so that instances are sorted
		if p.success < 0 {
			d.notes.add("pods whose success is not recorded", 1)
		}
		d.each(&p.series, func(f *frame, row []string) {
			in := p.instance(row, seconds)
			v := f.served[p.service]
			if v == nil {
				v = &served{count: math.NaN()}
				f.served[p.service] = v
			}
			if slices.ContainsFunc(v.instances, func(o instance) bool { return o.id == in.id }) {
				d.notes.at("rows in a window that has one", p.table.name)
				return
			}
			v.instances = append(v.instances, in)
			switch {
			case math.IsNaN(in.count):
				d.notes.add("rows of pods without a workload", 1)
			case len(in.latency) == 0:
				d.notes.add("rows of pods without a latency", 1)
			case in.count == 0:
				d.notes.add("rows of pods with a latency and no workload", 1)
			}
		})
	}
	for _, f := range d.frames {
		for _, v := range f.served {
			v.join()
		}
	}
	d.medians()
}

// join makes a service of its instances. Quantiles of several are those of their
// mixture.
func (v *served) join() {
	slices.SortStableFunc(v.instances, func(a, b instance) int { return strings.Compare(a.id, b.id) })
	failed := 0.0
	var with []instance
	for _, in := range v.instances {
		if math.IsNaN(in.count) {
			continue
		}
		if math.IsNaN(v.count) {
			v.count = 0
		}
		v.count += in.count
		failed += in.errors * in.count
		if len(in.latency) > 0 {
			with = append(with, in)
		}
	}
	if v.count > 0 {
		v.errors = failed / v.count
	}
	if len(with) == 1 {
		v.latency = with[0].latency
		return
	}
	v.latency = mixture(with)
}

// medians gives services as median that of the calls that they answer, weighted
// by how often they are called: the pods' files have none.
func (d *day) medians() {
	if d.target == nil {
		return
	}
	d.each(&d.target.series, func(f *frame, row []string) {
		sums, weights := map[identity.Service]float64{}, map[identity.Service]float64{}
		calls := d.calls(f)
		for _, l := range d.links {
			if m := d.target.ns(l, row); !math.IsNaN(m) && calls[l] > 0 {
				sums[l.callee] += m * calls[l]
				weights[l.callee] += calls[l]
			}
		}
		for s, w := range weights {
			if v := f.served[s]; len(v.latency) > 0 {
				v.latency = v.latency.with(0.5, sums[s]/w)
				for i := range v.instances { // which of them answered is not recorded
					v.instances[i].latency = v.instances[i].latency.with(0.5, sums[s]/w)
				}
			}
		}
	})
}

// normal returns the frames outside of all faults.
func (d *day) normal() []*frame {
	var out []*frame
	for _, f := range d.frames {
		if outside(d.faults, f.end) && len(f.served) > 0 {
			out = append(out, f)
		}
	}
	return out
}
