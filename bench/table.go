package main

import (
	"fmt"
	"strings"
)

// table renders costs per item, the first contender (the baseline that was
// taken off) left out. Ratios are to the first that is shown.
func table(item string, contenders []contender, costs []perItem) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | ns/%[1]s | B/%[1]s | allocs/%[1]s | ratio |\n|---|--:|--:|--:|--:|\n", item)
	for k := 1; k < len(contenders); k++ {
		c := costs[k]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %.3f | %.2f |\n", contenders[k].name, c.ns, c.bytes, c.allocs, c.ns/costs[1].ns)
	}
	return b.String()
}
