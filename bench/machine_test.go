package bench

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"
)

// BenchmarkMachine is the yardstick for the rest of the table: what an empty Go
// program needs to start and to end, and a message of a keystroke's size to a
// process and back.
func BenchmarkMachine(b *testing.B) {
	echo := command(b, ".", "./echo")
	report := func(b *testing.B, t times) {
		b.ReportMetric(t.ms(0.5), "p50-ms")
		b.ReportMetric(t.ms(0.99), "p99-ms")
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(0, "allocs/op")
	}
	b.Run("start", func(b *testing.B) {
		var t times
		for b.Loop() {
			t.run(func() {
				if err := exec.Command(echo).Run(); err != nil {
					b.Fatal(err)
				}
			})
		}
		report(b, t)
	})
	b.Run("message", func(b *testing.B) {
		c := exec.Command(echo)
		in, err := c.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := c.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
		answers, line := bufio.NewReader(out), []byte(strings.Repeat("x", 300)+"\n")
		var t times
		for b.Loop() {
			for range 100 {
				t.run(func() {
					if _, err := in.Write(line); err != nil {
						b.Fatal(err)
					}
					if back, err := answers.ReadString('\n'); err != nil || len(back) != len(line) {
						b.Fatalf("%d bytes came back, %v", len(back), err)
					}
				})
			}
		}
		in.Close()
		if err := c.Wait(); err != nil {
			b.Fatal(err)
		}
		report(b, t)
	})
}
