using System.Text;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>The pieces in which a stream came. Many tiny ones cost more than their text, so from a number on they are joined.</summary>
internal sealed class PieceList
{
    private const int MaxPiecesAsTheyCame = 999;
    private const int JoinedLength = 32 * 1024;

    private readonly TextList _pieces = new();
    private readonly StringBuilder _joined = new();

    /// <summary>Takes the next piece.</summary>
    public void Add(string piece)
    {
        if (_pieces.Count < MaxPiecesAsTheyCame)
        {
            _pieces.Add(piece);
            return;
        }

        _joined.Append(piece);
        if (_joined.Length >= JoinedLength) Join();
    }

    /// <summary>All of them. Call once, after the last piece.</summary>
    public IReadOnlyList<string> Finish()
    {
        if (_joined.Length > 0) Join();
        return _pieces;
    }

    private void Join()
    {
        _pieces.Add(_joined.ToString());
        _joined.Clear();
    }
}
