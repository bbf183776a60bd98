package recorded

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// mechanismErrors is that of issues of availability.
const mechanismErrors = "error_rate"

// LoadPetShop reads one scenario of PetShop (Hardt et al., "The PetShop Dataset:
// Finding Causes of Performance Issues across Microservices", CLeaR 2024):
//
//	graph.csv
//	noissue/metrics.csv
//	{train,test}/issue_N/metrics.csv, target.json
//
// Nodes are services. A node has one latency, and nothing says on which side of
// its calls it was taken: it is the RPC's, and calls have none of their own, so
// that a callee's latency causes that of its callers. Nothing is known of
// resources.
//
// The windows without issue were recorded after the issues; they are set back by
// whole days, to the latest days that end before the first issue, so that time
// goes on from what is normal to what is not. A window in which an issue sets in
// is neither before nor after it.
func LoadPetShop(dir string) (*Set, error) {
	p := &shop{notes: notes{}}
	if err := p.read(dir); err != nil {
		return nil, fmt.Errorf("recorded: %w", err)
	}
	p.connect()
	p.usual = p.newUsual(p.calm)
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("recorded: %w", err)
	}
	return p.set(filepath.Base(dir)), nil
}

// shop is a scenario while it is read.
type shop struct {
	system
	nodes  []string // of the graph
	notes  notes
	step   int64
	calm   []*frame
	issues []issue
}

// issue is one directory issue_N.
type issue struct {
	name    string // with that of the directory above it
	frames  []*frame
	target  string // node with the symptom
	metric  string
	onset   int64 // ns since 1970
	culprit []string
}

func (p *shop) read(dir string) error {
	graph, err := findAdjacency(dir)
	if err != nil {
		return err
	}
	if p.links, p.nodes, err = readAdjacency(graph, p.notes); err != nil {
		return err
	}
	calm, err := readPetShop(dir, filepath.Join("noissue", "metrics.csv"), p.notes)
	if err != nil {
		return fmt.Errorf("noissue: %w", err)
	}
	p.step = calm.step()
	p.calm = calm.frames(p.step, p.notes)
	dirs, err := p.issueDirs(dir)
	if err != nil {
		return err
	}
	for _, d := range dirs {
		in, err := p.readIssue(d)
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		p.issues = append(p.issues, in)
	}
	if len(dirs) == 0 {
		p.notes.add("no issues (train/issue_0/target.json), so that nothing is known to have been wrong", 1)
	}
	slices.SortFunc(p.issues, func(a, b issue) int {
		return cmp.Or(cmp.Compare(a.onset, b.onset), cmp.Compare(a.name, b.name))
	})
	return nil
}

func (p *shop) readIssue(dir string) (issue, error) {
	in := issue{name: filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)}
	file, err := readPetShop(filepath.Dir(filepath.Dir(dir)), filepath.Join(in.name, "metrics.csv"), p.notes)
	if err != nil {
		return in, err
	}
	if step := file.step(); len(file.starts) > 1 && (step < p.step*9/10 || step > p.step*11/10) {
		p.notes.at("issues whose windows are not as long as those without issue", fmt.Sprintf("%s: %s and %s", in.name, time.Duration(step), time.Duration(p.step)))
	}
	in.frames = file.frames(p.step, p.notes)
	return in, in.readTarget(filepath.Join(dir, "target.json"), p.notes)
}

// connect settles how often calls are made, and which of them nobody waits for.
func (p *shop) connect() {
	p.perRequest = make(map[link]float64, len(p.links))
	for _, l := range p.links {
		p.perRequest[l] = 1
	}
	rates := make(map[link][]float64)
	for _, f := range p.calm {
		for l, n := range p.calls(f) {
			rates[l] = append(rates[l], n/f.served[l.caller].count)
		}
	}
	for l, v := range rates {
		if m := median(v); m > 0 {
			p.perRequest[l] = m
		}
	}
	p.detach()
}

// impatient is by what factor a caller must be faster than its callee for the
// callee not to be waited for: quantiles of five minutes are not exact.
const impatient = 2

// detach finds the calls that nobody waits for, which the graph does not tell.
// When a share p of the requests waits for a callee, half of those take at least
// the callee's median, and quantile 1-p/2 of the caller is no less than that. It
// is known of calls for which that quantile is recorded, that is p/2 >= 0.01.
func (p *shop) detach() {
	p.detached = map[link]bool{}
	for _, l := range p.links {
		share := math.Min(1, p.perRequest[l])
		if share/2 < 1-highestOrder {
			continue
		}
		var ratios []float64
		for _, f := range p.calm {
			a, b := f.served[l.caller], f.served[l.callee]
			if a == nil || b == nil || len(a.latency) == 0 || len(b.latency) == 0 {
				continue
			}
			ratios = append(ratios, b.latency.at(0.5)/a.latency.at(1-share/2))
		}
		if m := median(ratios); m > impatient {
			p.detached[l] = true
			p.notes.add("calls that are not waited for ("+l.caller.String()+" > "+l.callee.String()+")", 1)
		}
	}
}

// highestOrder is the highest quantile of PetShop's format.
const highestOrder = 0.99

// set makes windows of the frames.
func (p *shop) set(name string) *Set {
	s := &Set{Name: name, Window: time.Duration(p.step), Quantile: petShopQuantile, Reported: petShopReported}
	back := p.setBack()
	for _, f := range p.calm {
		f.start, f.end = f.start-back, f.end-back
		s.Normal = append(s.Normal, p.snapshot(f))
	}
	if back > 0 {
		days := int(time.Duration(back) / (24 * time.Hour))
		p.notes.add("days by which the windows without issue are set back", days)
	}
	targets := make(map[string]int)
	for _, in := range p.issues {
		out := p.incident(in)
		if len(out.Windows) == 0 {
			p.notes.at("issues left out, without a window after their onset", fmt.Sprintf("%s: onset %s", in.name, clock(in.onset)))
			continue
		}
		targets[in.target]++
		s.Incidents = append(s.Incidents, out)
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		if s.Entry.IsZero() || targets[name] > targets[s.Entry.Service.Name] {
			s.Entry = rpc(identity.Service{Name: name})
		}
	}
	s.Notes = p.notes.list()
	return s
}

// setBack returns by how much the windows without issue are set back, in ns.
func (p *shop) setBack() int64 {
	first := int64(math.MaxInt64)
	for _, in := range p.issues {
		for _, f := range in.frames {
			first = min(first, f.start)
		}
	}
	if len(p.issues) == 0 || len(p.calm) == 0 {
		return 0
	}
	const day = int64(24 * time.Hour)
	late := p.calm[len(p.calm)-1].end - first
	if late <= 0 {
		return 0
	}
	return (late + day - 1) / day * day
}

func (p *shop) incident(in issue) Incident {
	out := Incident{
		Name: in.name, Fault: in.metric, Symptom: Latency,
		Entry: rpc(identity.Service{Name: in.target}), Quantile: petShopQuantile,
	}
	if in.metric == Availability {
		out.Symptom, out.Mechanism = Availability, mechanismErrors
	}
	for _, c := range in.culprit {
		out.Services = append(out.Services, identity.Service{Name: c})
	}
	for _, f := range in.frames {
		switch snap := p.snapshot(f); {
		case f.start >= in.onset:
			out.Windows = append(out.Windows, snap)
		case f.end <= in.onset:
			out.Before = append(out.Before, snap)
		default:
			p.notes.add("windows in which an issue sets in", 1)
		}
	}
	return out
}
