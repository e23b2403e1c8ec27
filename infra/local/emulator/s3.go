package emulator

import (
	"fmt"
	"net"
	"net/http"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// StartS3 serves S3 inside this process. Objects are kept as plain files below the directory, or in memory only if
// it is empty.
func StartS3(directory string) (*Service, error) {
	var backend gofakes3.Backend
	var err error
	if directory == "" {
		backend = s3mem.New()
	} else if backend, err = openBucketFiles(directory); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for S3: %w", err)
	}
	server := &http.Server{Handler: gofakes3.New(backend, gofakes3.WithLogger(quiet{})).Server()}
	go server.Serve(listener)
	return &Service{Name: "S3", Addr: listener.Addr().String(), stop: func() { server.Close() }}, nil
}

type quiet struct{}

func (quiet) Print(gofakes3.LogLevel, ...any) {}
