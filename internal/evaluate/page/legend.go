package page

import "github.com/sage-rca/sage/internal/evaluate"

// about says what a method of the comparison does.
func about(name string) string {
	switch name {
	case "random":
		return "A random order of the services below the entry: what luck gives."
	case "max_latency":
		return "The service whose latency grew most relative to normal."
	case "nsigma":
		return "The service with the largest z-score (mean, standard deviation) of any latency or metric."
	case "baro":
		return "The robust scorer of BARO (Pham et al., FSE 2024): the largest distance from the median in interquartile ranges."
	case "circa":
		return "The regression test of CIRCA (Li et al., KDD 2022) on the graph of the spans."
	case "exclusive":
		return "Excess of exclusive time, of client-server gaps and of uninstrumented callees, weighted by calls. The baseline to fear."
	case "thresholds":
		return "Thresholds on utilisation, chosen with knowledge of the answers: an oracle, which nobody has in operation."
	case asPublished:
		return "Sage as published (Gan et al., ASPLOS 2021): plain decoders, no structure, no screen."
	case ownRobust:
		return "The robust scorer within `sage`, alone: what answers before a model is trained."
	case theDefault:
		return "The default of this project."
	}
	return ""
}

// methodLegend describes the methods that were measured.
func methodLegend(r *evaluate.Results) string {
	var rows []measurement
	for _, p := range places(r) {
		rows = append(rows, measurement{p.where, p.methods})
	}
	t := newTable(2, "method", "what it does")
	for _, name := range methodNames(rows) {
		if text := about(name); text != "" {
			t.add(name, text)
		}
	}
	return t.String()
}

// definitions says what the figures are.
func definitions() string {
	t := newTable(2, "figure", "definition")
	t.add("incidents", "incidents that were judged")
	t.add("exact", "share of incidents whose culprit set equals the truth")
	t.add("missed", "share of incidents with at least one true culprit that is not named")
	t.add("wrong", "share of incidents with at least one named culprit that is none")
	t.add("top-k", "share of the true culprits among the first k, at most k counted; mean over incidents")
	t.add("Avg@5", "mean of top-1 to top-5")
	t.add("F1", "harmonic mean of precision and recall of the culprit set; mean over incidents")
	t.add("resource", "share of the true culprits that are named with the right mechanism (CPU, memory, disk, network, ...)")
	t.add("abstained", "share of incidents to which no culprit is named")
	t.add("windows", "median number of windows from the onset to the first right answer, over the incidents that get one")
	t.add("verdict ms", "median wall time of one answer")
	t.add("train s", "CPU time of the first training")
	t.add("what-if error", "of the predicted tail without the fault, relative to the tail of a twin run with the same random numbers, same window")
	t.add("calibration error", "mean distance between the stated probability and the share that is right, over the rows of the table, weighted by culprits")
	return t.String()
}
