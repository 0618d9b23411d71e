"""Rotas of organisations: who was to work when. A rota blocks nobody."""
