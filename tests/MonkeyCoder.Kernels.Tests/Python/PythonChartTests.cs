using System.Text.Json;
using System.Text.Json.Nodes;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>What a figure says about itself in numbers, for each type of chart.</summary>
public sealed class PythonChartTests(PythonKernel shared) : IClassFixture<PythonKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Fact]
    public void Chart_Line_HasPointsTicksScalesAndUnits() => AssertChart(
        """
        plt.plot([0, 1, 2], [3, 4.5, float('nan')], label='series')
        plt.plot([5, 6])
        plt.axhline(4)
        plt.xlabel('Time (s)'); plt.ylabel('Speed [m/s]'); plt.title('Line')
        plt.xticks([0, 1, 2]); plt.yticks([3, 6], ['low', 'high'])
        """,
        """
        {"type":"line","title":"Line","x_label":"Time (s)","y_label":"Speed [m/s]","x_unit":"s","y_unit":"m/s",
         "x_ticks":[0.0,1.0,2.0],"x_tick_labels":["0","1","2"],"x_scale":"linear",
         "y_ticks":[3.0,6.0],"y_tick_labels":["low","high"],"y_scale":"linear",
         "elements":[{"label":"series","points":[[0.0,3.0],[1.0,4.5],[2.0,null]]},{"label":"Line 1","points":[[0.0,5],[1.0,6]]}]}
        """);

    [Fact]
    public void Chart_Scatter_HasPoints() => AssertChart(
        """
        plt.scatter([1, 2], [3, 4], label='a'); plt.scatter([5], [6])
        plt.xticks([1, 5]); plt.yticks([3, 6]); plt.grid(True)
        """,
        """
        {"type":"scatter","title":null,"x_label":null,"y_label":null,"x_unit":null,"y_unit":null,
         "x_ticks":[1.0,5.0],"x_tick_labels":["1","5"],"x_scale":"linear","y_ticks":[3.0,6.0],"y_tick_labels":["3","6"],"y_scale":"linear",
         "elements":[{"label":"a","points":[[1.0,3.0],[2.0,4.0]]},{"label":"Scatter 1","points":[[5.0,6.0]]}]}
        """);

    [Fact]
    public void Chart_Bar_HasGroupsAndLabels() => AssertChart(
        "plt.bar(['a', 'b'], [10, 20]); plt.bar(['a', 'b'], [1, 2], bottom=[10, 20], label='top'); plt.ylabel('Money ($)')",
        """
        {"type":"bar","title":null,"x_label":null,"y_label":"Money ($)","x_unit":null,"y_unit":"$","elements":[
          {"label":"a","group":"Group 0","value":10.0},{"label":"b","group":"Group 0","value":20.0},
          {"label":"a","group":"top","value":1.0},{"label":"b","group":"top","value":2.0}]}
        """);

    [Fact]
    public void Chart_HorizontalBar_SwapsTheAxes() => AssertChart(
        "plt.barh(['a', 'b'], [10, 20]); plt.xlabel('Sum'); plt.ylabel('Name')",
        """
        {"type":"bar","title":null,"x_label":"Name","y_label":"Sum","x_unit":null,"y_unit":null,"elements":[
          {"label":"a","group":"Group 0","value":10.0},{"label":"b","group":"Group 0","value":20.0}]}
        """);

    [Fact]
    public void Chart_BarsAtNumbers_AreNamedByThem() => AssertChart(
        "plt.bar([1.5, 4, 10], [7, 7, 7]); plt.xticks([4], ['four'])",
        """
        {"type":"bar","title":null,"x_label":null,"y_label":null,"x_unit":null,"y_unit":null,"elements":[
          {"label":"1.5","group":"Group 0","value":7.0},{"label":"four","group":"Group 0","value":7.0},{"label":"10","group":"Group 0","value":7.0}]}
        """);

    [Fact]
    public void Chart_Pie_HasAngles() => AssertChart(
        "plt.pie([90, 10], labels=['No', 'No, in blue'], autopct='%1.1f%%', startangle=90); plt.title('Pie')",
        """
        {"type":"pie","title":"Pie","elements":[{"label":"No","angle":324.0,"radius":1.0},{"label":"No, in blue","angle":36.0,"radius":1.0}]}
        """);

    private const string Boxes = """
        "elements":[
          {"label":"A","min":78.0,"first_quartile":85.0,"median":88.0,"third_quartile":90.0,"max":92.0,"outliers":[]},
          {"label":"B","min":84.0,"first_quartile":84.75,"median":88.0,"third_quartile":90.5,"max":95.0,"outliers":[76.0]},
          {"label":"C","min":75.0,"first_quartile":79.0,"median":82.0,"third_quartile":86.0,"max":88.0,"outliers":[]}]}
        """;

    [Theory]
    [InlineData("patch_artist=True")]
    [InlineData("patch_artist=False")]
    public void Chart_BoxPlot_HasQuartiles(string style) => AssertChart(
        $"""
        plt.boxplot([[85, 90, 78, 92, 88], [95, 89, 76, 91, 84, 87], [75, 82, 88, 79, 86]], labels=['A', 'B', 'C'], {style})
        plt.xlabel('Class'); plt.ylabel('Score')
        """,
        """{"type":"box_and_whisker","title":null,"x_label":"Class","y_label":"Score","x_unit":null,"y_unit":null,""" + Boxes);

    [Fact]
    public void Chart_LyingBoxPlot_SwapsTheAxes() => AssertChart(
        """
        plt.boxplot([[85, 90, 78, 92, 88], [95, 89, 76, 91, 84, 87], [75, 82, 88, 79, 86]], labels=['A', 'B', 'C'], vert=False, patch_artist=True)
        plt.xlabel('Score'); plt.ylabel('Class')
        """,
        """{"type":"box_and_whisker","title":null,"x_label":"Class","y_label":"Score","x_unit":null,"y_unit":null,""" + Boxes);

    [Fact]
    public void Chart_SeveralAxes_IsASuperchart()
    {
        var chart = Chart(
            """
            fig, axs = plt.subplots(1, 3)
            fig.suptitle('Both')
            axs[0].plot([1, 2]); axs[0].set_title('Sine'); axs[0].grid(True)
            axs[1].scatter([1], [2]); axs[2].pie([1, 1])
            """);

        Assert.Equal(["type", "title", "elements"], chart.EnumerateObject().Select(field => field.Name));
        Assert.Equal("Both", chart.GetProperty("title").GetString());
        Assert.Equal(["line", "scatter", "pie"], chart.GetProperty("elements").EnumerateArray().Select(one => one.GetProperty("type").GetString()));
    }

    [Fact]
    public void Chart_WithColorbar_IsNoSuperchart() =>
        Assert.Equal("scatter", Chart("plt.scatter([1, 2], [3, 4], c=[1, 2]); plt.colorbar()").GetProperty("type").GetString());

    [Fact]
    public void Chart_OfSomethingElse_IsUnknown() => AssertChart(
        "fig, ax = plt.subplots(); ax.add_artist(plt.Circle((0, 0), 1)); ax.grid(True); ax.set_title('Circle')",
        """{"type":"unknown","title":"Circle","elements":[]}""");

    [Theory]
    [InlineData("import datetime\nplt.plot([datetime.date(2024, 1, d) for d in (1, 2)], [1, 2])", "datetime", "2024-01-01")]
    [InlineData("import numpy as np\nplt.plot(np.array(['2024-01-01', '2024-01-02'], dtype='datetime64[D]'), [1, 2])", "datetime", "2024-01-01T00:00:00")]
    [InlineData("import pandas as pd\npd.Series([1, 2], index=pd.to_datetime(['2024-01-01', '2024-01-05'])).plot()", "datetime", "2024-01-01T00:00:00")]
    [InlineData("plt.plot(['A', 'B'], [1, 2])", "categorical", "A")]
    [InlineData("plt.plot([1, 10, 100], [1, 2, 3]); plt.xscale('log')", "log", "1")]
    [InlineData("plt.plot([1, 2], [1, 2]); plt.xscale('symlog')", "symlog", "1")]
    [InlineData("plt.plot([0.1, 0.2], [1, 2]); plt.xscale('logit')", "logit", "0.1")]
    [InlineData("plt.plot([1, 2], [1, 2]); plt.xscale('asinh')", "asinh", "1")]
    [InlineData("plt.plot([1, 2], [1, 2]); plt.xscale('function', functions=(lambda x: x, lambda x: x))", "function", "1")]
    [InlineData("plt.plot([0, 1], [1, 2]); plt.xticks([0, 1], ['zero', 'one'])", "categorical", "0")]
    [InlineData("plt.plot([0, 1, 2], [1, 2, 3]); plt.xticks([0, 1, 2])", "linear", "0")]
    public void Chart_Scale_IsTold(string code, string scale, string first)
    {
        var chart = Chart(code);

        Assert.Equal(scale, chart.GetProperty("x_scale").GetString());
        Assert.Equal("linear", chart.GetProperty("y_scale").GetString());
        Assert.Equal(first, chart.GetProperty("elements")[0].GetProperty("points")[0][0].ToString());
        if (scale == "datetime") Assert.Matches(@"^20\d\d-\d\d-\d\dT", chart.GetProperty("x_ticks")[0].GetString());
    }

    private JsonElement Chart(string code)
    {
        var cell = _kernel.Run($"import matplotlib.pyplot as plt\n{code}\nNone");
        Assert.Null(cell.Error);
        return Assert.Single(cell.Results).GetProperty("chart");
    }

    private void AssertChart(string code, string expected)
    {
        var actual = Chart(code).GetRawText();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), actual);
    }
}
