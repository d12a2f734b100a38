// Command table reads the output of "go test -bench" and prints it for people,
// the ratio first.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

func main() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ratio\twhat\tmedian\tp99\tpeer's median\tpeer's p99\tallocations")
	failed := false
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		line := in.Text()
		f := strings.Fields(line)
		if strings.HasPrefix(line, "--- FAIL") || strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "panic:") || strings.Contains(line, "build failed") {
			failed = true
		}
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			if failed {
				fmt.Fprintln(os.Stderr, line)
			}
			continue
		}
		m := map[string]string{}
		for i := 2; i+1 < len(f); i += 2 {
			unit := f[i+1]
			if peer, ok := strings.CutPrefix(unit, "ratio:"); ok {
				m["ratio"], m["peer"] = f[i]+" times "+peer, peer
				continue
			}
			m[unit] = f[i]
		}
		cell := func(unit, suffix string) string {
			if m[unit] == "" || m[unit] == "0" {
				return "-"
			}
			return m[unit] + suffix
		}
		// The number of processors stands behind the name.
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
		switch {
		case m["MB"] != "":
			fmt.Fprintf(w, "%s\t%s\t%s\t-\t%s\t-\t-\n", cell("ratio", ""), name, cell("MB", " MB"), cell("peer-MB", " MB"))
		case m["p50-ms"] != "":
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", cell("ratio", ""), name, cell("p50-ms", " ms"), cell("p99-ms", " ms"), cell("peer-p50-ms", " ms"), cell("peer-p99-ms", " ms"), cell("allocs/op", ""))
		}
	}
	w.Flush()
	if failed {
		os.Exit(1)
	}
}
