//go:build cgo && linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// How much of the torture is done: all of it with INSCRIBE_TORTURE=1, a part by chance
// with a fraction like 0.1, the third of eight parts that make the whole with 3/8, and
// so many cases of each kind of each tale without it.
const (
	tortureVariable = "INSCRIBE_TORTURE"
	tortureSample   = 3
)

// portion is how much of the torture is done.
type portion struct {
	share       float64 // 0: a sample
	part, parts int     // the part of so many, from 1; all have the share 1
}

// torture is the portion that the environment asks for.
func torture(t testing.TB) portion {
	t.Helper()
	p, err := parsePortion(os.Getenv(tortureVariable))
	if err != nil {
		t.Fatalf("%s: %v", tortureVariable, err)
	}
	return p
}

func parsePortion(v string) (portion, error) {
	if v == "" {
		return portion{part: 1, parts: 1}, nil
	}
	if part, parts, ok := strings.Cut(v, "/"); ok {
		k, err := strconv.Atoi(part)
		n, err2 := strconv.Atoi(parts)
		if err != nil || err2 != nil || k < 1 || k > n {
			return portion{}, fmt.Errorf("%q is no part; the third of eight is 3/8", v)
		}
		return portion{share: 1, part: k, parts: n}, nil
	}
	share, err := strconv.ParseFloat(v, 64)
	if err != nil || !(share > 0 && share <= 1) {
		return portion{}, fmt.Errorf("%q is no number up to 1, which is all, and no part like 3/8", v)
	}
	return portion{share: share, part: 1, parts: 1}, nil
}

// whole reports whether every case is run, in this part or another.
func (p portion) whole() bool { return p.share == 1 }

// has reports whether the case of that number, from 0, is of this part.
func (p portion) has(i int) bool { return i%p.parts == p.part-1 }

// of takes some of the disturbances of a tale, the same ones each time.
func (p portion) of(all []*disturbance) []*disturbance {
	all = slices.Clone(all)
	random := rand.New(rand.NewPCG(11, uint64(len(all))))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var some []*disturbance
	taken := map[string]int{}
	for i, d := range all {
		share := p.share
		if d.kill { // few beside the answers, and worth more
			share *= 20
		}
		switch {
		case p.whole() && !p.has(i), p.share == 0 && taken[d.kind()] >= tortureSample, p.share > 0 && random.Float64() >= share:
			continue
		}
		taken[d.kind()]++
		some = append(some, d)
	}
	return some
}

// sample takes n of the numbers 1 to most, the same ones each time, or all of them, or
// those of a part, where the whole is asked for.
func (p portion) sample(n, most int) []int {
	var all []int
	for i := range most {
		if p.has(i) {
			all = append(all, i+1)
		}
	}
	if p.whole() || n >= most {
		return all
	}
	random := rand.New(rand.NewPCG(6, 1))
	random.Shuffle(most, func(i, j int) { all[i], all[j] = all[j], all[i] })
	some := all[:n]
	slices.Sort(some)
	return some
}

// TestPartsMakeTheWhole has each case in just one of the parts.
func TestPartsMakeTheWhole(t *testing.T) {
	var all []*disturbance
	for i := range 40 {
		all = append(all, &disturbance{prepared: &prepared{calls: make([]string, 40)}, n: i + 1, kill: i%7 == 0})
	}
	seen, numbers := map[int]int{}, map[int]int{}
	for _, v := range []string{"1/3", "2/3", "3/3"} {
		p, err := parsePortion(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range p.of(all) {
			seen[d.n]++
		}
		for _, i := range p.sample(5, 40) {
			numbers[i]++
		}
	}
	for i := range 40 {
		if seen[i+1] != 1 || numbers[i+1] != 1 {
			t.Errorf("case %d is in %d parts, number %d in %d", i+1, seen[i+1], i+1, numbers[i+1])
		}
	}
	for _, v := range []string{"0", "2", "NaN", "x", "0/3", "4/3", "1/", "/"} {
		if _, err := parsePortion(v); err == nil {
			t.Errorf("%q is taken", v)
		}
	}
}
