//go:build !unix

package local

import "os"

// lockFile does nothing: there is no lock in the standard library here, so two systems on one data directory are the
// user's to avoid.
func lockFile(*os.File, bool) error { return nil }
