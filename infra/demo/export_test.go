package demo

import "context"

// Equal is the comparison of the table.
var Equal = equal

// RunOnly is Run with one data set.
func RunOnly(ctx context.Context, c Config, name string) (bool, error) {
	for i, d := range datasets {
		if d.name == name {
			return c.run(ctx, datasets[i:i+1])
		}
	}
	return false, nil
}

// Lines counts the lines of all data sets by the analysis or metric that they ask for.
func Lines() (map[string]int, error) {
	counts := map[string]int{}
	for _, d := range datasets {
		rows, err := d.rows()
		if err != nil {
			return nil, err
		}
		lines, err := d.expected(rows)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if l.asks() {
				counts[l.analysis+l.metric]++
			}
		}
	}
	return counts, nil
}
