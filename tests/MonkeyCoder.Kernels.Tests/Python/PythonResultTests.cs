using System.Text.Json;
using System.Text.Json.Nodes;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>What a Python cell shows: values, displays, formats, tables.</summary>
public sealed class PythonResultTests(PythonKernel shared) : IClassFixture<PythonKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Theory]
    [InlineData("1 + 1", "2")]
    [InlineData("'abc'", "abc")]
    [InlineData("\"it's\"", "it's")]
    [InlineData("   x = 20\n   x + 1", "21")]
    [InlineData("import asyncio\nawait asyncio.sleep(0)\n42", "42")]
    [InlineData("import asyncio\nasync def later(): return 'done'\nasyncio.run(later())", "done")]
    [InlineData("(1, 2)", "(1, 2)")]
    public void Run_LastExpression_IsTheMainResult(string code, string text)
    {
        var cell = _kernel.Run(code);

        Assert.Null(cell.Error);
        Assert.Equal(text, cell.Text);
        Assert.Single(cell.Results);
    }

    [Theory]
    [InlineData("x = 1")]
    [InlineData("1;")]
    [InlineData("None")]
    [InlineData("")]
    [InlineData("# only a comment")]
    public void Run_WithoutValue_HasNoResult(string code)
    {
        var cell = _kernel.Run(code);

        Assert.Null(cell.Error);
        Assert.Empty(cell.Results);
    }

    [Fact]
    public void Run_Each_CountsOneMore()
    {
        var first = _kernel.Run("1/0").Count;

        Assert.Equal(first + 1, _kernel.Run("def broken(").Count);
        Assert.Equal(first + 2, _kernel.Run("2").Count);
    }

    [Fact]
    public void Run_DictsAndLists_HaveJson()
    {
        var cell = _kernel.Run("import datetime\n{'a': [1, 2.5, None, float('nan'), True], 'd': datetime.date(2024, 1, 2), 3: 'x'}");

        Assert.Equal(["json", "text"], CellOutcome.FieldsOf(cell.Main!.Value));
        AssertJson("""{"a":[1,2.5,null,null,true],"d":"2024-01-02","3":"x"}""", cell.Main.Value.GetProperty("json"));
        Assert.Equal(["text"], CellOutcome.FieldsOf(_kernel.Run("[object()]").Main!.Value));
        Assert.Equal(["text"], CellOutcome.FieldsOf(_kernel.Run("a = []; a.append(a); a").Main!.Value));
    }

    [Fact]
    public void Run_Displays_AreNotMainAndComeInOrder()
    {
        var cell = _kernel.Run("""
            from IPython.display import *
            display(HTML('<b>x</b>'), Markdown('# m'), JSON({'a': 1}), Latex('$l$'), SVG('<svg xmlns="http://www.w3.org/2000/svg"/>'), Javascript('1+1'))
            display({'application/pdf': b'%PDF', 'image/jpeg': b'\xff\xd8', 'text/plain': 'raw', 'application/x-mine': {'k': [1]}}, raw=True)
            'main'
            """);

        Assert.Equal("main", cell.Text);
        Assert.Equal(
            ["html,text", "markdown,text", "json,text", "latex,text", "svg,text", "javascript,text", "extra,jpeg,pdf,text", "text"],
            cell.Results.Select(result => string.Join(',', CellOutcome.FieldsOf(result))));
        Assert.Equal("<b>x</b>", cell.Results[0].GetProperty("html").GetString());
        Assert.Equal("JVBERg==", cell.Results[6].GetProperty("pdf").GetString());
        AssertJson("""{"application/x-mine":{"k":[1]}}""", cell.Results[6].GetProperty("extra"));
    }

    [Fact]
    public void Run_ObjectWithReprs_HasEachFormat()
    {
        var cell = _kernel.Run("""
            class Rich:
                def __repr__(self): return "'quoted'"
                def _repr_html_(self): return '<i/>'
                def _repr_png_(self): return b'\x89PNG'
                def _repr_e2b_data_(self): return {'c': [1]}
                def _repr_e2b_chart_(self): return {'type': 'mine'}
            Rich()
            """);

        Assert.Equal(["chart", "data", "html", "png", "text"], CellOutcome.FieldsOf(cell.Main!.Value));
        Assert.Equal("quoted", cell.Text);
        Assert.Equal("iVBORw==", cell.Main.Value.GetProperty("png").GetString());
    }

    [Fact]
    public void Run_DataFrame_HasHtmlTextAndColumns()
    {
        var cell = _kernel.Run("""
            import pandas as pd, numpy as np
            pd.DataFrame({'n': [1, 2, 3], 'f': [0.5, np.nan, np.inf], 's': ['a', None, 'c'],
                          't': pd.to_datetime(['2024-01-02', None, '2024-01-03 04:05:06']), 'b': [True, False, True],
                          'o': [1+2j, {'k': 1}, [1]], 7: [1, 2, 3]})
            """);

        Assert.Equal(["data", "html", "text"], CellOutcome.FieldsOf(cell.Main!.Value));
        AssertJson(
            """
            {"n":[1,2,3],"f":[0.5,null,null],"s":["a",null,"c"],"t":["2024-01-02T00:00:00",null,"2024-01-03T04:05:06"],
             "b":[true,false,true],"o":["(1+2j)",{"k":1},[1]],"7":[1,2,3]}
            """,
            cell.Main.Value.GetProperty("data"));
    }

    [Fact]
    public void Run_Images_AreShownByDisplayShowAndSave()
    {
        var cell = _kernel.Run("from PIL import Image\nim = Image.new('RGB', (2, 2))\nim.show()\nim.save('/tmp/x.png')\ndisplay(im)\nim");

        Assert.Equal(4, cell.Results.Count);
        Assert.All(cell.Results, result => Assert.StartsWith("iVBORw0KGgo", result.GetProperty("png").GetString(), StringComparison.Ordinal));
        Assert.Equal([false, false, false, true], cell.Results.Select(result => result.GetProperty("is_main_result").GetBoolean()));
    }

    [Fact]
    public void Run_HugeHtml_IsLeftOutWithANote()
    {
        var cell = _kernel.Run("from IPython.display import HTML\nHTML('y' * (50 << 20))");

        Assert.Equal(["text"], CellOutcome.FieldsOf(cell.Main!.Value));
        Assert.EndsWith("[html left out: 50.0 MiB; one result holds 32 MiB]", cell.Text, StringComparison.Ordinal);
        Assert.EndsWith("MiB]", _kernel.Run("'é' * (50 << 20)").Text, StringComparison.Ordinal);
        Assert.Equal(30 << 20, _kernel.Run("'z' * (30 << 20)").Text!.Length);
    }

    [Fact]
    public void Run_LoneSurrogates_BecomeReplacementCharacters() =>
        Assert.Equal("\ufffd 😀 \\ud800", _kernel.Run("class S:\n  def __repr__(self): return chr(0xd800) + ' \\U0001F600 ' + chr(92) + 'ud800'\nS()").Text);

    [Fact]
    public void Run_Magics_Work()
    {
        Assert.Equal("/usr\n", _kernel.Run("%cd /usr").Stdout);
        Assert.Equal("/usr", _kernel.Run("import os; os.getcwd()").Text);
        Assert.Equal("hi\n", _kernel.Run("!echo hi; echo there >&2").Stdout);
        Assert.Equal("['usr']", _kernel.Run("x = !basename $PWD\nx").Text);
        Assert.Equal("bash 5\n", _kernel.Run("%%bash\necho $(basename $BASH) ${BASH_VERSINFO[0]}").Stdout);
        Assert.Contains("CPU times", _kernel.Run("%time sum(range(10))").Stdout, StringComparison.Ordinal);
        Assert.Null(_kernel.Run("%matplotlib inline").Error);
        Assert.Contains("Return the number of items", _kernel.Run("len?").Stdout, StringComparison.Ordinal);
        Assert.Equal("/home/user\n", _kernel.Run("%cd ~").Stdout);
    }

    private static void AssertJson(string expected, JsonElement actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual.GetRawText())), actual.GetRawText());
}
