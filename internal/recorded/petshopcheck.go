package recorded

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// issueDirs finds the directories of issues, which have a target.json, one or two
// levels below a scenario. Those that lack a file are left out.
func (p *shop) issueDirs(dir string) ([]string, error) {
	found := make(map[string]bool)
	for _, pattern := range [...]string{"*/*/metrics.csv", "*/*/target.json", "*/target.json"} {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			found[filepath.Dir(f)] = true
		}
	}
	var out []string
	for _, d := range slices.Sorted(maps.Keys(found)) {
		name := filepath.Join(filepath.Base(filepath.Dir(d)), filepath.Base(d))
		switch {
		case !isFile(filepath.Join(d, "target.json")):
			p.notes.at("issues without target.json, left out", name)
		case !isFile(filepath.Join(d, "metrics.csv")):
			p.notes.at("issues without metrics.csv, left out", name)
		default:
			out = append(out, d)
		}
	}
	return out, nil
}

// check notes what of the graph, the metrics and the targets does not fit together.
func (p *shop) check() error {
	measured := make(map[string]bool)
	requests := false
	see := func(frames []*frame) {
		for _, f := range frames {
			for s, v := range f.served {
				measured[s.Name] = true
				requests = requests || v.count > 0
			}
		}
	}
	see(p.calm)
	if !requests {
		return fmt.Errorf("no node has requests in noissue/metrics.csv: want, beside latency, columns with the metric requests and a number above zero%s", p.notes.because())
	}
	graph := make(map[string]bool)
	for _, n := range p.nodes {
		graph[n] = true
	}
	for _, in := range p.issues {
		see(in.frames)
	}
	var idle, apart, targets, causes []string
	for _, n := range p.nodes {
		if n != "" && !measured[n] {
			idle = append(idle, n)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(measured)) {
		if !graph[n] {
			apart = append(apart, n)
		}
	}
	for _, in := range p.issues {
		if !measured[in.target] {
			targets = append(targets, in.name+": "+in.target)
		}
		for _, c := range in.culprit {
			if !measured[c] {
				causes = append(causes, in.name+": "+c)
			}
		}
	}
	p.notes.named("nodes of the graph without metrics", idle)
	p.notes.named("nodes with metrics that are not in the graph, taken as without calls", apart)
	p.notes.named("targets without metrics", targets)
	p.notes.named("root causes without metrics, which nothing can name", causes)
	return nil
}
