using System.Text;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class KernelMessagesTests
{
    [Fact]
    public void TryResult_KnownFields_PassAndOthersDoNot()
    {
        var passed = KernelMessages.TryResult(
            Utf8("""{"is_main_result":true,"text":"é","chart":{"title":null},"html":null,"token":"x","extra":{}}"""), out var json);

        Assert.True(passed);
        Assert.Equal(
            """{"is_main_result":true,"text":"\u00E9","chart":{"title":null},"extra":{}}""", Encoding.ASCII.GetString(json.Span));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"text":1}""")]
    [InlineData("""{"text":"\ud800"}""")]
    [InlineData("""{"json":["\ud800"]}""")]
    [InlineData("""{"is_main_result":"yes"}""")]
    [InlineData("""{"extra":[]}""")]
    [InlineData("""{"text":"a","text":"b"}""")]
    [InlineData("""{"text":"a"} {"text":"b"}""")]
    public void TryResult_NotOfTheProtocol_IsRefused(string json) =>
        Assert.False(KernelMessages.TryResult(Utf8(json), out _));

    [Fact]
    public void TryResult_NestedTooDeep_IsRefused() =>
        Assert.False(KernelMessages.TryResult(Utf8($$"""{"json":{{new string('[', 1000)}}{{new string(']', 1000)}}}"""), out _));

    [Theory]
    [InlineData("""{"execution_count":0}""")]
    [InlineData("""{"execution_count":-1}""")]
    [InlineData("""{"execution_count":1.5}""")]
    [InlineData("""{"execution_count":"1"}""")]
    [InlineData("""{"execution_count":99999999999}""")]
    [InlineData("""{}""")]
    public void TryCount_NotACount_IsRefused(string json) => Assert.False(KernelMessages.TryCount(Utf8(json), out _));

    [Fact]
    public void TryError_AllFields_AreTaken()
    {
        Assert.True(KernelMessages.TryError(Utf8("""{"name":"ValueError","value":"x","traceback":"t"}"""), out var error));
        Assert.Equal(new CellError("ValueError", "x", "t"), error);
    }

    [Theory]
    [InlineData("""{"name":"ValueError","value":"x"}""")]
    [InlineData("""{"name":"ValueError","value":null,"traceback":""}""")]
    [InlineData("""{"name":["ValueError"],"value":"x","traceback":""}""")]
    public void TryError_FieldMissingOrWrong_IsRefused(string json) => Assert.False(KernelMessages.TryError(Utf8(json), out _));

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
