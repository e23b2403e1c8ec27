// Package local is the laptop cloud: it reads template.yaml and runs what stands there on 127.0.0.1, with the real function
// binaries, so that nothing needs Docker, an account or a network.
//
// It stands in for Lambda (package lambda), API Gateway (front), the SQS event source (poller), EventBridge Scheduler
// (schedule), SES (mailbox), and starts emulators of DynamoDB, SQS and S3 (emulator). It knows nothing of what the
// functions do: it only builds, starts and feeds them.
//
//	cloud, err := local.Start(ctx, local.Config{Root: ".", Data: ".waymark", Port: 3000})
//	defer cloud.Close()
//	fmt.Println(cloud.URL())
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"waymark/infra/local/faults"
	"waymark/infra/local/mailbox"
	"waymark/infra/local/template"
)

// Config says what to run and where.
type Config struct {
	Root       string // directory of template.yaml and go.mod
	Template   string // file; template.yaml below Root if empty
	Emulators  string // directory of their package.json; infra/emulators below Root if empty
	Parameters map[string]string
	Prepare    func(ctx context.Context, env map[string]string) error // makes what must be there before the first request is answered
	Laptop     bool                                                   // parameters have the template's values for laptops
	Data       string                                                 // directory for data, logs and binaries
	ReadyFile  string                                                 // that Announce writes beside the one in Data; none if empty
	Memory     bool                                                   // keep table, queues and buckets in memory only
	Port       int                                                    // of the HTTP API; 0 takes a free one
	Bind       string                                                 // another address to listen on, for containers
	Edge       bool                                                   // the template's CloudFront Function sees each request before the HTTP API
	KeepGoing  bool                                                   // start also if a function does not compile
	Verbose    bool                                                   // the functions' logs go to Out too

	IntegrationTimeout time.Duration // how long the HTTP API waits for a function; as in AWS if 0
	Pollers            int           // batches at a time and queue source; 2 if 0
	Faults             faults.Plan   // what goes wrong on purpose; nothing if empty

	Now      func() time.Time // clock of the HTTP API and the schedules; time.Now if nil
	Driven   bool             // queues are not polled and schedules do not fire: who started the cloud delivers and fires by the admin API
	Observer Observer         // counts what is used; nobody if nil

	Progress func(text string) // called for each step of the start
	Out      io.Writer         // what goes wrong while running
}

// Cloud is the running system.
type Cloud struct {
	config   Config
	unlock   func()
	services *services
	builder  *builder
	mail     *mailbox.Mailbox
	logs     *logs
	faults   *faults.Switches
	api      *http.Server
	apiAddr  string
	admin    *http.Server
	adminURL string
	forwards []net.Listener

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	group  sync.WaitGroup
	failed chan error

	built     map[string]stamp // the source files as they were before the first build
	reloading sync.Mutex       // one change of the deployment at a time
	announced func() error     // writes the ready files again; guarded by reloading
	current   atomic.Pointer[deployment]
	keys      atomic.Pointer[any] // that Announce was given
}

// Start builds the functions and starts everything. The cloud runs until Close.
func Start(ctx context.Context, config Config) (*Cloud, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	c := &Cloud{config: config, failed: make(chan error, 8), faults: faults.New(config.Faults)}
	// The cloud outlives the start, but not its caller's Ctrl-C: Close ends it in order.
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.start(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (config Config) complete() (Config, error) {
	if config.Template == "" {
		config.Template = filepath.Join(config.Root, "template.yaml")
	}
	if config.Emulators == "" {
		config.Emulators = filepath.Join(config.Root, "infra", "emulators")
	}
	if config.Pollers == 0 {
		config.Pollers = 2
	}
	if config.Progress == nil {
		config.Progress = func(string) {}
	}
	if config.Out == nil {
		config.Out = io.Discard
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Observer == nil {
		config.Observer = nobody{}
	}
	var errs []error
	for _, path := range []*string{&config.Root, &config.Data, &config.Template, &config.Emulators} {
		absolute, err := filepath.Abs(*path)
		errs = append(errs, err)
		*path = absolute
	}
	if ip := net.ParseIP(config.Bind); config.Bind != "" && (ip == nil || ip.IsUnspecified()) {
		errs = append(errs, fmt.Errorf("cannot bind to %q: give one address of this machine, such as the container bridge's 10.88.0.1; all interfaces at once would open it to the network", config.Bind))
	}
	return config, errors.Join(errs...)
}

// start runs the steps that can fail fast first: nothing slow happens before the port is known to be free.
func (c *Cloud) start(ctx context.Context) error {
	if err := os.MkdirAll(c.config.Data, 0o755); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	unlock, err := lock(filepath.Join(c.config.Data, "lock"))
	if err != nil {
		return fmt.Errorf("use %s: %w", c.config.Data, err)
	}
	c.unlock = unlock
	if err := c.removeReadyFiles(); err != nil {
		return err
	}
	if _, err := template.Load(c.config.Template, template.Options{Parameters: c.config.Parameters, Laptop: c.config.Laptop}); err != nil {
		return err
	}
	if err := checkBind(c.config.Bind); err != nil {
		return err
	}
	listener, err := listenAPI(c.config.Port)
	if err != nil {
		return err
	}
	c.apiAddr = listener.Addr().String()
	c.logs = &logs{directory: filepath.Join(c.config.Data, "logs"), verbose: c.config.Verbose, terminal: c.config.Out}
	c.builder = newBuilder(c.config.Root, filepath.Join(c.config.Data, "bin"))
	if err := c.startServices(ctx); err != nil {
		listener.Close()
		return err
	}
	c.built = c.fingerprint() // before the build, so that Watch sees what changes during it
	deployed, err := c.deploy(ctx)
	if err != nil {
		listener.Close()
		return err
	}
	c.activate(deployed)
	if c.config.Prepare != nil {
		if err := c.config.Prepare(ctx, c.Env()); err != nil {
			listener.Close()
			return err
		}
	}
	c.api = &http.Server{Handler: http.HandlerFunc(c.serveAPI), MaxHeaderBytes: maxHeaderBytes}
	go c.api.Serve(listener)
	if err := c.startAdmin(); err != nil {
		return err
	}
	return c.forwardAll()
}

// checkBind finds out early whether the address for containers is one of this machine.
func checkBind(address string) error {
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return fmt.Errorf("cannot listen on %s for containers: it is no address of this machine now (podman makes its bridge when the first container starts; `ip address` lists what there is): %w", address, err)
	}
	return listener.Close()
}

// listenAPI takes the port of the HTTP API.
func listenAPI(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("port %d is taken: stop what listens there, or choose another with --port (0 takes a free one): %w", port, err)
	}
	return listener, nil
}

// AboutPath is where the HTTP API tells programs on this machine what the ready file says, so that its address is enough
// to find everything else. No route of a template begins so, and in the cloud nothing answers there.
const AboutPath = "/.well-known/waymark-dev"

// serveAPI hands a request to the present deployment, which a changed template replaces.
func (c *Cloud) serveAPI(w http.ResponseWriter, r *http.Request) {
	if keys := c.keys.Load(); keys != nil && r.URL.Path == c.edgePath()+AboutPath && isOwn(r) {
		writeJSON(w, http.StatusOK, c.Ready(*keys))
		return
	}
	c.current.Load().api.ServeHTTP(w, r)
}

// URL is the address of the HTTP API, or of the edge before it, which may have a path.
func (c *Cloud) URL() string { return "http://" + c.apiAddr + c.edgePath() }

// edgePath stands before all paths when the edge is played with one.
func (c *Cloud) edgePath() string {
	if !c.config.Edge {
		return ""
	}
	return c.config.Parameters["EdgePath"]
}

// AdminURL is the address of the admin API.
func (c *Cloud) AdminURL() string { return c.adminURL }

// Data is the directory of data, logs and binaries.
func (c *Cloud) Data() string { return c.config.Data }

// LaptopParameters lists the template's parameters that have another value here than in the cloud.
func (c *Cloud) LaptopParameters() []template.LaptopParameter {
	return c.current.Load().template.LaptopParameters()
}

// Faults tells what goes wrong on purpose, and what has so far.
func (c *Cloud) Faults() faults.Report { return c.faults.Report() }

// Failed gets an error when something ends that should run.
func (c *Cloud) Failed() <-chan error { return c.failed }

// Close ends every process and server and waits for them.
func (c *Cloud) Close() {
	c.cancel()
	for _, server := range []*http.Server{c.api, c.admin} {
		if server != nil {
			server.Close()
		}
	}
	for _, listener := range c.forwards {
		listener.Close()
	}
	c.reloading.Lock()
	defer c.reloading.Unlock()
	if deployed := c.current.Load(); deployed != nil {
		deployed.close()
	}
	c.group.Wait()
	if c.services != nil {
		c.services.stop()
	}
	if c.logs != nil {
		c.logs.close()
	}
	if c.unlock == nil {
		return // the directory is another system's, and so are its ready files
	}
	_ = c.removeReadyFiles() // what cannot be removed stays, and names a process that is gone
	c.unlock()
}
