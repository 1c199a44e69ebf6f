using System.Text;
using MonkeyCoder.Client.Transport;

namespace MonkeyCoder.Client.Tests.Transport;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 20)]
    public async Task ReadAsync_AnySplit_YieldsEveryLine(int chunk)
    {
        var large = new string('y', 70_000);
        var bytes = Encoding.UTF8.GetBytes($"a\n\n{large}\nlast ✔");
        using var reader = new LineReader(new ChunkedStream(bytes, chunk));
        List<string> lines = [];
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            lines.Add(Encoding.UTF8.GetString(reader.Line.Span));

        Assert.Equal(["a", "", large, "last ✔"], lines);
    }
}
