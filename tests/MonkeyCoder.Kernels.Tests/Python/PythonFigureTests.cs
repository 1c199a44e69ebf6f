using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>matplotlib figures are shown once each, and closed.</summary>
public sealed class PythonFigureTests(PythonKernel shared) : IClassFixture<PythonKernel>
{
    private const string Import = "import matplotlib.pyplot as plt\n";
    private readonly KernelProcess _kernel = shared.Kernel;

    [Theory]
    [InlineData("plt.plot([1, 2])\nplt.show()", 1)]
    [InlineData("plt.plot([1, 2]);", 1)]
    [InlineData("plt.plot([1]); plt.show(); plt.plot([2]); plt.show()", 2)]
    [InlineData("plt.figure(); plt.plot([1]); plt.figure(); plt.plot([2]);", 2)]
    [InlineData("fig, ax = plt.subplots(); ax.plot([1]); fig.show();", 1)]
    [InlineData("plt.plot([1]); plt.savefig('/tmp/f.png')", 1)]
    [InlineData("plt.plot([1]); plt.close()", 0)]
    [InlineData("import matplotlib; matplotlib.use('Agg'); plt.plot([1]);", 1)]
    [InlineData("import numpy as np; x = np.arange(3)", 0)]
    public void Run_Figures_AreShownOnce(string code, int figures)
    {
        var cell = _kernel.Run(Import + code);

        Assert.Null(cell.Error);
        Assert.Equal(figures, cell.Results.Count);
        Assert.All(cell.Results, result =>
        {
            Assert.Equal(["chart", "png", "text"], CellOutcome.FieldsOf(result));
            Assert.False(result.GetProperty("is_main_result").GetBoolean());
            Assert.StartsWith("<Figure size", result.GetProperty("text").GetString(), StringComparison.Ordinal);
            Assert.StartsWith("iVBORw0KGgo", result.GetProperty("png").GetString(), StringComparison.Ordinal);
        });
        Assert.Equal("[]", _kernel.Run("plt.get_fignums()").Text);
    }

    [Fact]
    public void Run_PlotAsValue_GivesTheTextAndTheFigure()
    {
        var cell = _kernel.Run(Import + "plt.plot([1, 2])");

        Assert.StartsWith("[<matplotlib.lines.Line2D", cell.Text, StringComparison.Ordinal);
        Assert.Equal(["text"], CellOutcome.FieldsOf(cell.Results[0]));
        Assert.Equal(["chart", "png", "text"], CellOutcome.FieldsOf(cell.Results[1]));
        Assert.Equal(2, cell.Results.Count);
    }

    [Fact]
    public void Run_FigureAsValue_IsTheMainResultAlone()
    {
        var cell = _kernel.Run(Import + "fig, ax = plt.subplots(); ax.plot([1]); fig");

        Assert.Equal(["chart", "png", "text"], CellOutcome.FieldsOf(cell.Main!.Value));
        Assert.Single(cell.Results);
    }

    [Fact]
    public void Run_FigureBeforeAnError_IsShown()
    {
        var cell = _kernel.Run(Import + "plt.plot([1, 2])\nraise ValueError('x')");

        Assert.Equal("ValueError", cell.ErrorName);
        Assert.Single(cell.Results);
    }

    [Fact]
    public void Run_InlineBackendFormats_AreObeyed()
    {
        var cell = _kernel.Run(Import + "%config InlineBackend.figure_format = 'svg'\nplt.plot([1]);");

        Assert.Equal(["chart", "svg", "text"], CellOutcome.FieldsOf(cell.Results[0]));
        cell = _kernel.Run("%config InlineBackend.figure_format = 'retina'\nplt.plot([1]);");
        Assert.Equal(["chart", "png", "text"], CellOutcome.FieldsOf(cell.Results[0]));
    }

    [Fact]
    public void Run_BlankFigure_HasAnEmptyChart() =>
        Assert.Equal("{}", _kernel.Run(Import + "plt.figure()").Main!.Value.GetProperty("chart").GetRawText());
}
