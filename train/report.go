package train

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

//go:embed report.html
var reportText string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"number":  number,
}).Parse(reportText))

// write writes the report as one file of HTML that needs nothing else.
func (p *page) write(w io.Writer) error { return reportTemplate.Execute(w, p) }

// writeReport writes report.html, and hands the page to whoever shows it.
func (r *Run) writeReport() error {
	p, err := r.page()
	if err != nil {
		return err
	}
	if show, ok := r.options.Report.(pageReporter); ok {
		show.page(p)
	}
	return atomicfile.WriteFile(r.dir.path(ReportFile), p.write)
}

// pageReporter is a Reporter that shows the report.
type pageReporter interface{ page(*page) }
