package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/plan"
)

// planIn reads the tracking plan in a file, says all that is wrong with it, and gives it without spaces, as it is stored.
func planIn(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read tracking plan: %w", err)
	}
	if _, err := plan.Parse(string(text)); err != nil {
		return "", fault.Newf(fault.Invalid, "bad_plan", "the tracking plan %s cannot be used:\n%v", path, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return "", fmt.Errorf("read tracking plan %s: %w", path, err)
	}
	return compact.String(), nil
}
